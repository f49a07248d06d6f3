package dev.mayfly.server.workers;

import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptEvent;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobDesk;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.server.logs.LogFeed;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Tells every worker connected here what it should know and has not been told on this connection:
 * new assignments, and cancellations. Idempotent; runs in one thread.
 */
public class AssignmentReconciler {
  private final ConnectedWorkers connected;
  private final JobStore jobs;
  private final JobDesk desk;
  private final LogFeed feed;
  private final InstantSource clock;

  AssignmentReconciler(
      ConnectedWorkers connected, JobStore jobs, JobDesk desk, LogFeed feed, InstantSource clock) {
    this.connected = connected;
    this.jobs = jobs;
    this.desk = desk;
    this.feed = feed;
    this.clock = clock;
  }

  /** One pass. */
  public void reconcile() {
    for (WorkerConnection connection : connected.all()) {
      List<Job> active = jobs.activeOn(connection.worker());
      Set<JobStore.Claim> current = new HashSet<>();
      for (Job job : active) {
        Attempt attempt = job.currentAttempt();
        JobStore.Claim claim = new JobStore.Claim(attempt.id(), attempt.lease().epoch());
        current.add(claim);
        if (job.cancelRequested()) {
          cancel(connection, attempt, claim);
        } else if (attempt.state() instanceof AttemptState.Placed) {
          connection.assign(job, claim);
        }
      }
      connection.forgetAllBut(current);
    }
  }

  private void cancel(WorkerConnection connection, Attempt attempt, JobStore.Claim claim) {
    if (attempt.state() instanceof AttemptState.Placed && !connection.knows(claim)) {
      desk.onAttempt(claim.attempt(), claim.epoch(), new AttemptEvent.Withdrawn(clock.instant()));
      feed.nudge(claim.attempt().job());
    } else {
      connection.cancel(claim);
    }
  }
}
