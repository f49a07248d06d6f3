package dev.mayfly.it.simulation;

import dev.mayfly.api.ImageRef;
import dev.mayfly.core.fleet.FleetReconciler;
import dev.mayfly.core.image.BundleSupply;
import dev.mayfly.core.image.FirstUsePolicy;
import dev.mayfly.core.image.ImageBuildDesk;
import dev.mayfly.core.image.ImageBuildReconciler;
import dev.mayfly.core.job.ImageWaitReconciler;
import dev.mayfly.core.job.JobDesk;
import dev.mayfly.core.job.JobIds;
import dev.mayfly.core.job.LeaseReconciler;
import dev.mayfly.core.job.SessionReconciler;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.placement.ExplanationReconciler;
import dev.mayfly.core.placement.PlacementReconciler;
import dev.mayfly.core.placement.QueueTimeoutReconciler;
import dev.mayfly.core.quota.AdmissionPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * One life of an orchestrator's process: the real desk and reconcilers over the shared database,
 * each reconciler in its loop as the server runs them.
 */
final class SimulatedOrchestrator {
  private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(1);
  private static final int MAX_QUEUED = 1_000;

  private final SimulatedProcess process;
  private final OrchestratorLinks links;
  private final JobDesk desk;
  private final List<Loop> loops = new ArrayList<>();
  private final Loop placement;
  private final Loop assignments;

  /**
   * @param sweep how often each reconciler looks without being nudged
   */
  SimulatedOrchestrator(
      String name, World world, SimulatedDatabase database, LeasePolicy leases, Duration sweep) {
    SplittableRandom random = world.random().split();
    this.process = world.process(name);
    var clock = world.time().clock();
    var buildDesk =
        new ImageBuildDesk(
            database.builds(),
            database.policies(),
            new FirstUsePolicy(
                Scenario.TO_BUILD.stream().map(ImageRef::value).collect(Collectors.toSet()),
                FirstUsePolicy.DEFAULT),
            () -> new UUID(random.nextLong(), random.nextLong()),
            clock);
    this.desk =
        new JobDesk(
            database.jobs(),
            database.images(),
            buildDesk,
            new AdmissionPolicy(MAX_QUEUED),
            new JobIds(clock, random),
            clock);
    this.links = new OrchestratorLinks(process, database, desk, leases, world, this::nudge);
    var placements =
        new PlacementReconciler(
            database.jobs(),
            database.workers(),
            database.quotas(),
            _ -> BundleSupply.NONE,
            leases,
            clock);
    var expiry = new LeaseReconciler(database.jobs(), clock);
    this.assignments = new Loop("assignments", sweep, links::reconcile);
    this.placement =
        new Loop(
            "placement",
            sweep,
            () -> {
              if (placements.reconcile() > 0) {
                assignments.nudge();
              }
            });
    Duration reconnect = leases.leaseDuration().dividedBy(2);
    assignments.begin(sweep);
    placement.begin(sweep);
    new Loop("leases", sweep, () -> nudgeIf(expiry.reconcile() > 0)).begin(reconnect);
    var queueTimeouts = new QueueTimeoutReconciler(database.jobs(), database.explanations(), clock);
    new Loop("queue timeouts", sweep, () -> nudgeIf(queueTimeouts.reconcile() > 0)).begin(sweep);
    var sessions = new SessionReconciler(database.jobs(), clock);
    new Loop("sessions", sweep, () -> nudgeIf(sessions.reconcile() > 0)).begin(sweep);
    var fleet = new FleetReconciler(database.workers(), leases, clock);
    new Loop("fleet", leases.heartbeatInterval(), fleet::reconcile).begin(reconnect);
    var explanations =
        new ExplanationReconciler(
            database.jobs(),
            database.workers(),
            database.quotas(),
            _ -> BundleSupply.NONE,
            database.builds(),
            database.explanations(),
            leases,
            clock);
    var building =
        new ImageBuildReconciler(
            database.builds(), database.images(), database.workers(), leases, clock);
    new Loop("builds", sweep, building::reconcile).begin(sweep);
    var imageWaits =
        new ImageWaitReconciler(
            database.jobs(), database.images(), database.builds(), buildDesk, clock);
    new Loop("image waits", sweep, () -> nudgeIf(imageWaits.reconcile() > 0)).begin(sweep);
    var builders = new SimulatedBuilders(database, buildDesk, random.split(), clock);
    new Loop("builders", Duration.ofSeconds(2), builders::work).begin(sweep);
    new Loop("explanations", sweep.multipliedBy(2), explanations::reconcile).begin(sweep);
  }

  private void nudgeIf(boolean news) {
    if (news) {
      nudge();
    }
  }

  SimulatedProcess process() {
    return process;
  }

  JobDesk desk() {
    return desk;
  }

  void accept(SimulatedConnection connection) {
    links.accept(connection);
  }

  /** There may be something to place or to tell. */
  void nudge() {
    placement.nudge();
    assignments.nudge();
  }

  /** Never two passes at once; a pass that fails is followed by a pause. */
  private final class Loop {
    private final String name;
    private final Duration interval;
    private final Runnable pass;
    private boolean nudged;
    private boolean running;
    private long generation;

    Loop(String name, Duration interval, Runnable pass) {
      this.name = name;
      this.interval = interval;
      this.pass = pass;
    }

    void begin(Duration first) {
      loops.add(this);
      next(first);
    }

    void nudge() {
      if (!nudged) {
        nudged = true;
        if (!running) {
          next(Duration.ofMillis(1));
        }
      }
    }

    private void next(Duration delay) {
      long mine = ++generation;
      process.after(
          delay,
          () -> {
            if (mine == generation) {
              once();
            }
          });
    }

    private void once() {
      nudged = false;
      running = true;
      Duration pause;
      try {
        pass.run();
        pause = nudged ? Duration.ofMillis(1) : interval;
      } catch (StoreFailure expected) {
        // As the server's loop: it waits, nudged or not.
        nudged = true;
        pause = PAUSE_AFTER_FAILURE;
      } finally {
        running = false;
      }
      next(pause);
    }

    @Override
    public String toString() {
      return name;
    }
  }
}
