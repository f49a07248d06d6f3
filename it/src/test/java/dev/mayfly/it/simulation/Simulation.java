package dev.mayfly.it.simulation;

import dev.mayfly.api.JobState;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.Job;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;

/** One seed: everything there is, from the first submission until all is quiet again. */
final class Simulation {
  /** Longer than every limit of every job, one after the other. */
  private static final long QUIET_LIMIT = Duration.ofHours(1).toNanos();

  private static final long LOOK = Duration.ofSeconds(1).toNanos();

  /** More events than any seed has had by far: something goes round in circles. */
  private static final long MAX_EVENTS = 2_000_000;

  private final long seed;
  private final World world;
  private final Scenario scenario;
  private final SimulatedDatabase database;
  private final StoredInvariants stored;
  private final List<OrchestratorNode> orchestrators = new ArrayList<>();
  private final List<WorkerNode> workers = new ArrayList<>();
  private final SimulatedUsers users;
  private final Storm storm;
  private final SplittableRandom dice;
  private long events;

  /**
   * How a seed went.
   *
   * @param traceHash of every event, in order
   */
  record Report(long seed, long traceHash, long events, int attempts) {}

  Simulation(long seed) {
    this(seed, Defect.NONE);
  }

  /** A simulation of something that is wrong on purpose. */
  Simulation(long seed, Defect defect) {
    this.seed = seed;
    this.world = new World(seed, defect);
    this.scenario = Scenario.draw(world.random().split());
    this.dice = world.random().split();
    this.database =
        new SimulatedDatabase(
            Scenario.image(),
            world,
            world.random().split(),
            scenario.storeFailuresPerThousand(),
            this::written);
    database.tables().quotas = scenario.quotas();
    this.stored = new StoredInvariants(database.tables(), world);
    this.users = new SimulatedUsers(world, this::livingOrchestrators);
    for (int number = 1; number <= scenario.orchestrators(); number++) {
      orchestrators.add(
          new OrchestratorNode("orchestrator-" + number, world, database, scenario.sweep()));
    }
    for (int number = 0; number < scenario.hosts().size(); number++) {
      SimulatedHost host =
          new SimulatedHost(
              "worker-" + number,
              new WorkerId(new UUID(7, number)),
              scenario.hosts().get(number),
              world);
      workers.add(new WorkerNode(host, world, this::dial));
    }
    this.storm = new Storm(world, database, workers, orchestrators);
  }

  private void written() {
    stored.check();
  }

  private List<SimulatedOrchestrator> livingOrchestrators() {
    return orchestrators.stream().flatMap(node -> node.life().stream()).toList();
  }

  private Optional<SimulatedConnection> dial(SimulatedProcess worker) {
    OrchestratorNode any = orchestrators.get(dice.nextInt(orchestrators.size()));
    boolean rough = world.storm() && dice.nextInt(100) < scenario.roughConnectionsPercent();
    return any.connect(worker, rough);
  }

  /** Runs to the end; throws {@link SimulationFailed} when an invariant does not hold. */
  Report run() {
    try {
      orchestrators.forEach(OrchestratorNode::start);
      workers.forEach(WorkerNode::start);
      scenario.wishes().forEach(users::wants);
      scenario.troubles().forEach(storm::brew);
      storm.watchOver();
      world.time().after(scenario.stormLength(), storm::end);
      while (world.storm() || !quiet()) {
        if (world.time().now() > QUIET_LIMIT) {
          throw new Violation("it does not come to rest: " + unrest());
        }
        runUntil(world.time().now() + LOOK);
        look();
      }
      new Verdict(scenario, world, database.tables(), stored, users).check();
      for (WorkerNode worker : workers) {
        String left = worker.life().map(WorkerLife::leftBehind).orElse("it is not there");
        if (!left.isEmpty()) {
          throw new Violation(worker.name() + " has left:" + left);
        }
      }
      return new Report(
          seed,
          world.traceHash(),
          events,
          database.tables().jobs.values().stream().mapToInt(Job::attempts).sum());
    } catch (RuntimeException | Error failure) {
      throw new SimulationFailed(seed, events, world.lastEvents(), failure);
    } finally {
      SimulatedThreads.forgetTheDead();
    }
  }

  private void runUntil(long end) {
    world.threads().settle();
    while (world.time().step(end)) {
      world.threads().settle();
      if (++events > MAX_EVENTS) {
        throw new Violation("it goes round in circles: " + unrest());
      }
    }
  }

  /** What must hold on the hosts; looked at once a second. */
  private void look() {
    for (WorkerNode worker : workers) {
      if (worker.life().filter(WorkerLife::inCharge).isPresent()) {
        for (String microVm : worker.host().microVms().keySet()) {
          stored.checkMicroVm(microVm, worker.host().id());
        }
      }
    }
  }

  private boolean quiet() {
    return users.content()
        && allFinished()
        && allOnline()
        && workers.stream().allMatch(worker -> worker.life().map(WorkerLife::idle).orElse(false));
  }

  private boolean allFinished() {
    return database.tables().jobs.values().stream()
        .allMatch(job -> job.state() == JobState.FINISHED);
  }

  /** Who is there is known to be there. */
  private boolean allOnline() {
    return workers.stream()
        .map(worker -> database.tables().workers.get(worker.host().id()))
        .allMatch(worker -> worker != null && worker.state() == WorkerState.ONLINE);
  }

  private String unrest() {
    StringBuilder why = new StringBuilder();
    if (!users.content()) {
      why.append("users wait for answers; ");
    }
    database.tables().jobs.values().stream()
        .filter(job -> job.state() != JobState.FINISHED)
        .forEach(job -> why.append(job).append("; "));
    for (WorkerNode worker : workers) {
      why.append(worker.name())
          .append(" holds ")
          .append(worker.life().map(WorkerLife::leftBehind).orElse("nothing, it is down"))
          .append(" as ")
          .append(database.tables().workers.get(worker.host().id()))
          .append("; ");
    }
    return why.toString();
  }
}
