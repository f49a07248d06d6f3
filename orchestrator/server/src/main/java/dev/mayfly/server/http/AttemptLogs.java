package dev.mayfly.server.http;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.log.LogCursor;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the log of an attempt ends and what follows it; each time for a job and an attempt that
 * were read before the log.
 */
final class AttemptLogs {

  /** A worker that ended an attempt and then vanished never sends the rest of its log. */
  static final Duration REST_OF_LOG_WAIT = Duration.ofSeconds(60);

  private AttemptLogs() {}

  /** The attempt of that number. */
  static Optional<Attempt> attempt(JobStore jobs, Job job, int number) {
    Attempt current = job.attempt();
    if (current != null && current.id().number() == number) {
      return Optional.of(current);
    }
    return number > job.attempts()
        ? Optional.empty()
        : jobs.attempts(job.id()).stream()
            .filter(attempt -> attempt.id().number() == number)
            .findFirst();
  }

  /** Whether the attempt ended and nothing of its log follows the cursor. */
  static boolean read(@Nullable Attempt attempt, LogCursor next, Instant now) {
    return attempt != null
        && next.sequence() > attempt.log().chunks()
        && (attempt.logComplete() || restGivenUp(attempt, now));
  }

  private static boolean restGivenUp(Attempt attempt, Instant now) {
    return attempt.state() instanceof AttemptState.Finished finished
        && finished.at().plus(REST_OF_LOG_WAIT).isBefore(now);
  }

  /**
   * Whether the job ended and nothing follows.
   *
   * @param read whether the attempt of the cursor is read to its end
   */
  static boolean complete(Job job, LogCursor next, boolean read) {
    return job.progress() instanceof JobProgress.Finished
        && (next.attempt() > job.attempts() || (next.attempt() == job.attempts() && read));
  }

  /** What somebody who follows the job is told between two attempts; empty: nothing. */
  static Optional<String> betweenAttempts(Attempt ended) {
    // A worker that refuses is no news: nothing of the job ran there, and its turn comes again.
    return ended.state() instanceof AttemptState.Finished finished && !finished.refused()
        ? Optional.of(
            "mayfly: attempt "
                + ended.id().number()
                + " ended: "
                + describe(finished.outcome())
                + "; trying again\n")
        : Optional.empty();
  }

  private static String describe(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Exited(int code) -> "exited with " + code;
      case Outcome.Faulted(FaultCode code, String detail) -> code + ": " + detail;
      case Outcome.Cancelled _ -> "cancelled";
    };
  }
}
