package dev.mayfly.core.job;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.lease.LeasePolicy;
import java.time.Instant;

/** What can happen to a job. */
public sealed interface JobEvent {

  /** Placement chose a worker. */
  record Placed(WorkerId worker, LeasePolicy leases, Instant at) implements JobEvent {}

  /** Somebody wants its end: a user, the front end of a session, or the lack of one. */
  record EndRequested(EndRequest request, Instant at) implements JobEvent {}

  /**
   * It has waited as long as it may.
   *
   * @param because why it waited, for the user
   */
  record QueueTimedOut(String because, Instant at) implements JobEvent {}

  /**
   * The image it waits for has been built.
   *
   * @param architecture of the bundle
   */
  record ImageBuilt(BundleDigest bundle, String architecture) implements JobEvent {}

  /**
   * The image it waits for cannot be had.
   *
   * @param detail for the user
   */
  record ImageFailed(FaultCode code, String detail, Instant at) implements JobEvent {}

  /** Something happened to an attempt, as said under a lease. */
  record OnAttempt(AttemptId attempt, LeaseEpoch epoch, AttemptEvent event) implements JobEvent {}
}
