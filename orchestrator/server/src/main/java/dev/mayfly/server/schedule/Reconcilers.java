package dev.mayfly.server.schedule;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.FleetReconciler;
import dev.mayfly.core.job.LeaseReconciler;
import dev.mayfly.core.job.SessionReconciler;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.placement.ExplanationReconciler;
import dev.mayfly.core.placement.PlacementReconciler;
import dev.mayfly.core.placement.QueueTimeoutReconciler;
import dev.mayfly.server.persistence.Notices;
import dev.mayfly.server.persistence.PlacementNews;
import dev.mayfly.server.workers.AssignmentReconciler;
import dev.mayfly.server.workers.WorkerNudges;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.context.SmartLifecycle;

/** The reconcilers, each in its loop. All of them may run on several orchestrators at once. */
class Reconcilers implements SmartLifecycle, WorkerNudges {

  /** What is run here. */
  record All(
      PlacementReconciler placement,
      ExplanationReconciler explanations,
      AssignmentReconciler assignments,
      LeaseReconciler leases,
      QueueTimeoutReconciler queueTimeouts,
      SessionReconciler sessions,
      FleetReconciler fleet) {}

  /** Behind the nudges: how long work waits at most when one was lost. */
  private static final Duration SWEEP = Duration.ofSeconds(1);

  /** Long enough for another orchestrator's placement to be committed. */
  private static final Duration WHILE_ANOTHER_PLACES = Duration.ofMillis(3);

  /** A pass costs as much for one job as for so many; then it is worth while to wait for more. */
  private static final int SMALL_PASS = 32;

  private static final Duration AFTER_SMALL_PASS = Duration.ofMillis(3);

  /** Passes in a row; then the loop takes a breath, and looks whether it is to stop. */
  private static final int MAX_PASSES = 100;

  private final All run;
  private final PlacementNews news;
  private final Notices notices;
  private final Set<WorkerId> nudgedWorkers = ConcurrentHashMap.newKeySet();
  private final ReconcilerLoop placement;
  private final ReconcilerLoop assignments;
  private final ReconcilerLoop singleAssignments;
  private final List<ReconcilerLoop> all;
  private volatile boolean running;

  Reconcilers(All run, PlacementNews news, Notices notices, LeasePolicy policy) {
    this.run = run;
    this.news = news;
    this.notices = notices;
    placement = new ReconcilerLoop("placement", SWEEP, SWEEP, this::place);
    assignments = new ReconcilerLoop("assignments", SWEEP, SWEEP, run.assignments()::reconcile);
    singleAssignments = new ReconcilerLoop("worker-assignments", SWEEP, SWEEP, this::assignSingle);
    // After a start, workers first get time to come back with what ended while we were away.
    Duration reconnect = policy.leaseDuration().dividedBy(2);
    all =
        List.of(
            placement,
            assignments,
            singleAssignments,
            new ReconcilerLoop("explanations", SWEEP, SWEEP, run.explanations()::reconcile),
            new ReconcilerLoop(
                "leases", reconnect, SWEEP, () -> placeAfter(run.leases().reconcile())),
            new ReconcilerLoop(
                "queue-timeouts", SWEEP, SWEEP, () -> placeAfter(run.queueTimeouts().reconcile())),
            new ReconcilerLoop(
                "sessions", reconnect, SWEEP, () -> endAfter(run.sessions().reconcile())),
            new ReconcilerLoop(
                "fleet",
                reconnect,
                policy.heartbeatInterval(),
                () -> {
                  placeAfter(run.fleet().reconcile());
                  run.assignments().endStaleConnections();
                }));
  }

  private void place() {
    for (int pass = 0; pass < MAX_PASSES && running; pass++) {
      int placed = run.placement().reconcile();
      if (news.takeBusy()) {
        pause(WHILE_ANOTHER_PLACES);
      } else if (placed == 0) {
        return;
      } else if (placed < SMALL_PASS) {
        pause(AFTER_SMALL_PASS);
      }
    }
    placement.nudge();
  }

  private static void pause(Duration duration) {
    try {
      Thread.sleep(duration);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private void placeAfter(int changes) {
    if (changes > 0) {
      placement();
    }
  }

  private void endAfter(int changes) {
    if (changes > 0) {
      assignments();
    }
  }

  private void assignSingle() {
    for (WorkerId worker : nudgedWorkers) {
      nudgedWorkers.remove(worker);
      run.assignments().reconcile(worker);
    }
  }

  @Override
  public void placement() {
    placement.nudge();
  }

  @Override
  public void assignments() {
    assignments.nudge();
    notices.workers();
  }

  @Override
  public void worker(WorkerId worker) {
    nudgedWorkers.add(worker);
    singleAssignments.nudge();
  }

  @Override
  public void workersHere() {
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
