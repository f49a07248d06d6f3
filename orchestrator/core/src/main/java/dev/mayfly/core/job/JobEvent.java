package dev.mayfly.core.job;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.lease.LeasePolicy;
import java.time.Instant;

/** What can happen to a job. */
public sealed interface JobEvent {

  /** Placement chose a worker. */
  record Placed(WorkerId worker, LeasePolicy leases, Instant at) implements JobEvent {}

  /** A user asked for its end. */
  record CancelRequested(Instant at) implements JobEvent {}

  /** Something happened to an attempt, as said under a lease. */
  record OnAttempt(AttemptId attempt, LeaseEpoch epoch, AttemptEvent event) implements JobEvent {}
}
