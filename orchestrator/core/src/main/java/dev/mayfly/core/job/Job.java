package dev.mayfly.core.job;

import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A job with its current or last attempt: one aggregate, changed only by {@link JobMachine} and
 * committed by compare-and-set.
 *
 * @param version counts the commits; the store compares it
 * @param attempt present when Active; may be absent when Finished (cancelled in the queue)
 */
public record Job(
    JobId id,
    long version,
    JobSpec spec,
    Instant submittedAt,
    JobProgress progress,
    boolean cancelRequested,
    @Nullable Attempt attempt) {

  public Job {
    if (progress instanceof JobProgress.Active && (attempt == null || attempt.finished())) {
      throw new IllegalArgumentException("an active job needs an unfinished attempt");
    }
  }

  public static Job submitted(JobId id, JobSpec spec, Instant at) {
    return new Job(id, 0, spec, at, new JobProgress.Queued(null), false, null);
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

  Job with(JobProgress next, @Nullable Attempt nextAttempt) {
    JobSpec kept = next instanceof JobProgress.Finished ? spec.withoutEnvironment() : spec;
    return new Job(id, version + 1, kept, submittedAt, next, cancelRequested, nextAttempt);
  }

  Job withCancelRequested() {
    return new Job(id, version + 1, spec, submittedAt, progress, true, attempt);
  }
}
