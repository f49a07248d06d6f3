package dev.mayfly.core.job;

import dev.mayfly.api.JobState;
import dev.mayfly.api.Outcome;
import java.time.Instant;

/** Where a job is. */
public sealed interface JobProgress {

  /**
   * Waits for a worker.
   *
   * @param since when this wait began: submission, or the end of the attempt before
   * @param notBefore not placed earlier: the backoff after a fault
   */
  record Queued(Instant since, Instant notBefore) implements JobProgress {}

  /** Its current attempt is on a worker. */
  record Active() implements JobProgress {}

  /** Ended for good. */
  record Finished(Outcome outcome, Instant at) implements JobProgress {}

  default JobState state() {
    return switch (this) {
      case Queued _ -> JobState.QUEUED;
      case Active _ -> JobState.ACTIVE;
      case Finished _ -> JobState.FINISHED;
    };
  }
}
