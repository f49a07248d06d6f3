package dev.mayfly.core.job;

import dev.mayfly.api.Blame;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.core.job.Job.Tries;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Decides whether a job whose attempt ended is tried again. Pure. Only faults that are not the
 * user's are: PLATFORM and EXTERNAL ones a bounded number of times with growing pauses. What a
 * worker refused never started, so it goes back to the queue; a job that is refused without end
 * ends when its time in the queue is over, or at {@link #MAX_REFUSALS}.
 */
public final class RetryPolicy {

  /** The pause after the first fault; it doubles with each. */
  static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

  static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

  /**
   * The pause after the first refusal: long enough for the worker's next word on what it has. It
   * grows by as much with each, so that a worker full of what it has yet to destroy gets the time.
   */
  static final Duration REFUSAL_PAUSE = Duration.ofMillis(500);

  static final Duration LONGEST_REFUSAL_PAUSE = Duration.ofSeconds(10);

  /** So many refusals are a defect, not a busy fleet. */
  static final int MAX_REFUSALS = 100;

  private RetryPolicy() {}

  /**
   * @param tries the attempt that ended included
   * @param notBefore when the next attempt may be placed
   */
  record Retry(Tries tries, Instant notBefore) {}

  /**
   * Empty: the job ends with this attempt.
   *
   * @param job as it was before its attempt ended
   */
  static Optional<Retry> decide(Job job, Attempt ended, AttemptState.Finished end) {
    if (!(end.outcome() instanceof Outcome.Faulted(FaultCode code, var _))
        || job.endRequest() != null) {
      return Optional.empty();
    }
    if (end.refused()) {
      Tries tries = job.tries().plusRefusal();
      return tries.refusals() > MAX_REFUSALS
          ? Optional.empty()
          : Optional.of(new Retry(tries, end.at().plus(refusalPause(tries.refusals()))));
    }
    Tries tries = job.tries().plusFault();
    if (!mayRetry(code.blame())
        || tries.faults() >= job.spec().limits().attempts()
        || (job.spec().workload() instanceof Workload.Session && used(job, ended))) {
      return Optional.empty();
    }
    return Optional.of(new Retry(tries, end.at().plus(pause(tries.faults()))));
  }

  /**
   * Its front end may have seen the microVM; asked of the attempt also as it was before its end.
   */
  private static boolean used(Job job, Attempt ended) {
    return job.currentAttempt().ran() || ended.ran();
  }

  private static boolean mayRetry(Blame blame) {
    return switch (blame) {
      case PLATFORM, EXTERNAL -> true;
      case USER, CAPACITY -> false;
    };
  }

  private static Duration refusalPause(int refusals) {
    Duration pause = REFUSAL_PAUSE.multipliedBy(refusals);
    return pause.compareTo(LONGEST_REFUSAL_PAUSE) < 0 ? pause : LONGEST_REFUSAL_PAUSE;
  }

  private static Duration pause(int faults) {
    Duration pause = FIRST_PAUSE;
    for (int fault = 1; fault < faults && pause.compareTo(LONGEST_PAUSE) < 0; fault++) {
      pause = pause.multipliedBy(2);
    }
    return pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
  }
}
