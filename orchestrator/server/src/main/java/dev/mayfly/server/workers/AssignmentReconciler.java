package dev.mayfly.server.workers;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptEvent;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.EndRequest;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobDesk;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.server.logs.LogFeed;
import dev.mayfly.server.persistence.Notices;
import dev.mayfly.server.persistence.PendingAssignments;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tells workers connected here what they should know and have not been told on this connection: new
 * assignments, and ends. What this orchestrator places goes to the worker at once; {@link
 * #reconcile} sweeps up the rest with one question to the database for all workers. Idempotent;
 * thread-safe.
 */
public class AssignmentReconciler {

  /** A connection that remembers more than this is asked what of it still matters. */
  private static final int MAX_REMEMBERED = 1000;

  private final ConnectedWorkers connected;
  private final JobStore jobs;
  private final PendingAssignments pending;
  private final JobDesk desk;
  private final LogFeed feed;
  private final Notices notices;
  private final InstantSource clock;

  AssignmentReconciler(
      ConnectedWorkers connected,
      JobStore jobs,
      PendingAssignments pending,
      JobDesk desk,
      LogFeed feed,
      Notices notices,
      InstantSource clock) {
    this.connected = connected;
    this.jobs = jobs;
    this.pending = pending;
    this.desk = desk;
    this.feed = feed;
    this.notices = notices;
    this.clock = clock;
  }

  /**
   * Jobs that were placed by this orchestrator just now: their workers may be connected anywhere.
   */
  public void placed(List<Job> placed) {
    for (Job job : placed) {
      Attempt attempt = job.currentAttempt();
      connected
          .find(attempt.worker())
          .ifPresentOrElse(
              connection -> connection.assign(job, claim(attempt)),
              () -> notices.worker(attempt.worker()));
    }
  }

  /** One pass over everything. */
  public void reconcile() {
    Map<WorkerId, WorkerConnection> connections = new HashMap<>();
    connected.all().forEach(connection -> connections.put(connection.worker(), connection));
    if (connections.isEmpty()) {
      return;
    }
    for (Job job : pending.pendingOn(connections.keySet())) {
      WorkerConnection connection = connections.get(job.currentAttempt().worker());
      if (connection != null) {
        tell(connection, job);
      }
    }
    connections.values().stream()
        .filter(connection -> connection.remembered() > MAX_REMEMBERED)
        .forEach(this::forget);
  }

  /** One pass over one worker, if it is connected here. */
  public void reconcile(WorkerId worker) {
    connected
        .find(worker)
        .ifPresent(
            connection -> pending.pendingOn(List.of(worker)).forEach(job -> tell(connection, job)));
  }

  /** Ends connections of workers that are connected to another orchestrator by now. */
  public void endStaleConnections() {
    connected.endStale();
  }

  private void forget(WorkerConnection connection) {
    Set<JobStore.Claim> active = new HashSet<>();
    jobs.activeOn(connection.worker()).forEach(job -> active.add(claim(job.currentAttempt())));
    connection.forgetAllBut(active);
  }

  private static JobStore.Claim claim(Attempt attempt) {
    return new JobStore.Claim(attempt.id(), attempt.lease().epoch());
  }

  private void tell(WorkerConnection connection, Job job) {
    Attempt attempt = job.currentAttempt();
    JobStore.Claim claim = claim(attempt);
    EndRequest end = job.endRequest();
    if (end == null) {
      connection.assign(job, claim);
    } else if (attempt.state() instanceof AttemptState.Placed && !connection.knows(claim)) {
      desk.onAttempt(claim.attempt(), claim.epoch(), new AttemptEvent.Withdrawn(clock.instant()));
      feed.nudge(claim.attempt().job());
    } else {
      connection.end(claim, end);
    }
  }
}
