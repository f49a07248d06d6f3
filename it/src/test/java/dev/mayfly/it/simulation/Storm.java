package dev.mayfly.it.simulation;

import dev.mayfly.core.fleet.Duty;
import dev.mayfly.it.simulation.Scenario.Trouble;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;

/** Lets troubles happen, and everything heal again when they are over. */
final class Storm {
  /** A person looks after quarantined workers this often. */
  private static final Duration ROUND = Duration.ofSeconds(20);

  private final World world;
  private final SimulatedDatabase database;
  private final List<WorkerNode> workers;
  private final List<OrchestratorNode> orchestrators;
  private final SplittableRandom random;

  Storm(
      World world,
      SimulatedDatabase database,
      List<WorkerNode> workers,
      List<OrchestratorNode> orchestrators) {
    this.database = database;
    this.world = world;
    this.workers = workers;
    this.orchestrators = orchestrators;
    this.random = world.random().split();
  }

  void brew(Trouble trouble) {
    world.time().after(trouble.after(), () -> strike(trouble));
  }

  private void strike(Trouble trouble) {
    WorkerNode worker = workers.get(trouble.which() % workers.size());
    OrchestratorNode orchestrator = orchestrators.get(trouble.which() % orchestrators.size());
    world.trace(
        "storm",
        trouble.kind() + " for " + trouble.length().toMillis() + " ms",
        worker.name() + " or " + orchestrator.name());
    switch (trouble.kind()) {
      case CUT -> worker.connection().ifPresent(SimulatedConnection::cut);
      case WORKER_FREEZES -> worker.freeze(trouble.length());
      case ORCHESTRATOR_FREEZES -> orchestrator.freeze(trouble.length());
      case WORKER_CRASHES -> worker.crash(trouble.length());
      case HOST_FAILS -> worker.hostFails(trouble.length());
      case ORCHESTRATOR_CRASHES -> orchestrator.crash(trouble.length());
      case VMM_DIES ->
          worker.host().microVms().values().stream()
              .skip(random.nextInt(3))
              .findFirst()
              .ifPresent(guest -> guest.dies(1 + random.nextInt(200)));
      case DISK_FILLS -> {
        worker.host().diskFull(true);
        world.time().after(trouble.length(), () -> worker.host().diskFull(false));
      }
      case WORKER_IS_CUT_OFF -> worker.cutOff(trouble.length());
      case WORKER_DRAINS -> {
        Instant now = world.time().instant();
        database.setDuty(worker.host().id(), new Duty.Draining(now));
        world
            .time()
            .after(
                trouble.length(), () -> database.setDuty(worker.host().id(), new Duty.Accepting()));
      }
      case WORKER_LEAVES -> worker.leave(trouble.length(), random.nextBoolean());
    }
  }

  /** A person makes the rounds and lets workers work that were quarantined. */
  void watchOver() {
    database.resumeQuarantined();
    world.time().after(ROUND, this::watchOver);
  }

  /** From now on nothing new goes wrong; what is down comes up, and rough connections end. */
  void end() {
    world.calm();
    world.trace("storm", "is over", "");
    workers.forEach(worker -> {
      worker.host().diskFull(false);
      worker.connection().filter(SimulatedConnection::rough).ifPresent(SimulatedConnection::cut);
    });
  }
}
