package dev.mayfly.core.job;

import dev.mayfly.api.JobState;
import dev.mayfly.api.Outcome;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Where a job is. */
public sealed interface JobProgress {

  /** Waits for a worker; {@code waitingBecause} is one sentence, absent until placement tried. */
  record Queued(@Nullable String waitingBecause) implements JobProgress {}

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
