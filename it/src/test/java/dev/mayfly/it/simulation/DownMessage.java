package dev.mayfly.it.simulation;

import dev.mayfly.core.job.Job;
import dev.mayfly.worker.core.attempt.EndReason;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.time.Duration;
import java.util.List;

/** What an orchestrator says to a worker. */
sealed interface DownMessage {

  record Registered(Duration heartbeat, Duration lease, List<AttemptLease> ended)
      implements DownMessage {}

  record HeartbeatReply(List<AttemptLease> renewed, List<AttemptLease> ended)
      implements DownMessage {}

  /**
   * @param leaseLeft when the orchestrator had handled a message of the worker on this connection
   * @param handled which: 0 is Register, n the n-th Heartbeat
   */
  record Assignment(Job job, AttemptLease lease, Duration leaseLeft, int handled)
      implements DownMessage {}

  record EndAttempt(AttemptLease lease, EndReason reason) implements DownMessage {}

  record ReportAck(AttemptLease lease, long number) implements DownMessage {}

  record LogAck(AttemptLease lease, long sequence) implements DownMessage {}

  /** Part of the conversation's bookkeeping, which counts on an ordered stream without losses. */
  default boolean ordered() {
    return this instanceof Registered || this instanceof HeartbeatReply;
  }
}
