package dev.mayfly.worker.core.lease;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LeaseEpoch;

/**
 * An attempt and the epoch of the lease under which this worker has it. Text form, also used as a
 * file name: {@code <job id>.<attempt number>.<epoch>}.
 */
public record AttemptLease(AttemptId attempt, LeaseEpoch epoch) {

  /**
   * Reads the text form.
   *
   * @throws IllegalArgumentException when it is not one
   */
  public static AttemptLease parse(String text) {
    var parts = text.split("\\.", -1);
    if (parts.length != 3) {
      throw new IllegalArgumentException("not <job id>.<attempt number>.<epoch>: " + text);
    }
    return new AttemptLease(
        new AttemptId(JobId.parse(parts[0]), Integer.parseInt(parts[1])),
        new LeaseEpoch(Long.parseLong(parts[2])));
  }

  /** Whether this lease is fenced off by another: same job, higher epoch. */
  public boolean isOlderThan(AttemptLease other) {
    return attempt.job().equals(other.attempt.job()) && epoch.compareTo(other.epoch) < 0;
  }

  /**
   * Names the microVM of this attempt, its directory and its process: the last 12 digits of the job
   * id (48 random bits of a UUID of version 7) and the attempt number. Short, because a Unix socket
   * path holds 107 bytes.
   */
  public String microVmName() {
    var job = attempt.job().toString();
    return job.substring(job.length() - 12) + "." + attempt.number();
  }

  @Override
  public String toString() {
    return attempt + "." + epoch.value();
  }
}
