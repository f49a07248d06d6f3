package dev.mayfly.server.schedule;

import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.job.LeaseReconciler;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.placement.Nudges;
import dev.mayfly.core.placement.PlacementReconciler;
import dev.mayfly.server.workers.AssignmentReconciler;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.springframework.context.SmartLifecycle;

/** The reconcilers, each in its loop. */
class Reconcilers implements SmartLifecycle, Nudges {

  /** Behind the nudges: how long work waits at most when one was lost. */
  private static final Duration SWEEP = Duration.ofSeconds(1);

  private final ReconcilerLoop placement;
  private final ReconcilerLoop assignments;
  private final List<ReconcilerLoop> all;
  private volatile boolean running;

  Reconcilers(
      PlacementReconciler placements,
      AssignmentReconciler assigned,
      LeaseReconciler leases,
      WorkerStore workers,
      LeasePolicy policy,
      InstantSource clock) {
    assignments = new ReconcilerLoop("assignments", SWEEP, SWEEP, assigned::reconcile);
    placement =
        new ReconcilerLoop(
            "placement",
            SWEEP,
            SWEEP,
            () -> {
              if (placements.reconcile() > 0) {
                assignments();
              }
            });
    // After a start, workers first get time to come back with what ended while we were away.
    Duration reconnect = policy.leaseDuration().dividedBy(2);
    ReconcilerLoop lease =
        new ReconcilerLoop(
            "leases",
            reconnect,
            SWEEP,
            () -> {
              if (leases.reconcile() > 0) {
                placement();
              }
            });
    ReconcilerLoop silent =
        new ReconcilerLoop(
            "silent-workers",
            reconnect,
            policy.heartbeatInterval(),
            () -> workers.markSilent(policy.silentSince(clock.instant())));
    all = List.of(assignments, placement, lease, silent);
  }

  @Override
  public void placement() {
    placement.nudge();
  }

  @Override
  public void assignments() {
    assignments.nudge();
  }

  @Override
  public void start() {
    running = true;
    all.forEach(ReconcilerLoop::start);
  }

  @Override
  public void stop() {
    running = false;
    all.forEach(ReconcilerLoop::stop);
  }

  @Override
  public boolean isRunning() {
    return running;
  }
}
