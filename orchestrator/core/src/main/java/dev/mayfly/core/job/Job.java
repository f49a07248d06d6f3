package dev.mayfly.core.job;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A job with its current or last attempt: one aggregate, changed only by {@link JobMachine} and
 * committed by compare-and-set.
 *
 * @param version counts the commits; the store compares it
 * @param endRequest why its end is wanted; absent while nobody wants it
 * @param tries what its attempts so far came to
 * @param attempt present when Active; the last one when Queued again or Finished; absent before the
 *     first
 * @param sessionUntil a session's front end must renew it before this; only {@link
 *     JobStore#renewSession} moves it; null: no session
 */
public record Job(
    JobId id,
    long version,
    JobSpec spec,
    Instant submittedAt,
    JobProgress progress,
    @Nullable EndRequest endRequest,
    Tries tries,
    @Nullable Attempt attempt,
    @Nullable Instant sessionUntil) {

  /**
   * What the attempts so far came to.
   *
   * @param faults attempts that ended in a fault which may be retried
   * @param refusals assignments that a worker would not take; they never started
   */
  public record Tries(int faults, int refusals) {
    public static final Tries NONE = new Tries(0, 0);

    Tries plusFault() {
      return new Tries(faults + 1, refusals);
    }

    Tries plusRefusal() {
      return new Tries(faults, refusals + 1);
    }
  }

  public Job {
    if (progress instanceof JobProgress.Active && (attempt == null || attempt.finished())) {
      throw new IllegalArgumentException("an active job needs an unfinished attempt");
    }
    if (progress instanceof JobProgress.Active && spec.bundle().isEmpty()) {
      throw new IllegalArgumentException("an active job needs a bundle");
    }
  }

  public static Job submitted(JobId id, JobSpec spec, Instant at) {
    return new Job(
        id,
        0,
        spec,
        at,
        new JobProgress.Queued(at, at),
        null,
        Tries.NONE,
        null,
        spec.workload() instanceof Workload.Session session ? at.plus(session.lease()) : null);
  }

  public JobState state() {
    return progress.state();
  }

  /** The attempt of an active job. */
  public Attempt currentAttempt() {
    if (attempt == null) {
      throw new IllegalStateException("job has no attempt");
    }
    return attempt;
  }

  public int attempts() {
    return attempt == null ? 0 : attempt.id().number();
  }

  /** It waits until its image is built. */
  public boolean awaitsImage() {
    return progress instanceof JobProgress.Queued && spec.bundle().isEmpty();
  }

  public boolean cancelRequested() {
    return endRequest instanceof EndRequest.Cancel;
  }

  Job with(JobProgress next, @Nullable Attempt nextAttempt) {
    return with(next, nextAttempt, tries);
  }

  Job with(JobProgress next, @Nullable Attempt nextAttempt, Tries nextTries) {
    JobSpec kept = next instanceof JobProgress.Finished ? spec.withoutEnvironment() : spec;
    return new Job(
        id, version + 1, kept, submittedAt, next, endRequest, nextTries, nextAttempt, sessionUntil);
  }

  Job withBundle(BundleDigest bundle, String architecture) {
    return new Job(
        id,
        version + 1,
        spec.with(bundle, architecture),
        submittedAt,
        progress,
        endRequest,
        tries,
        attempt,
        sessionUntil);
  }

  Job withEndRequest(EndRequest request) {
    return new Job(
        id, version + 1, spec, submittedAt, progress, request, tries, attempt, sessionUntil);
  }
}
