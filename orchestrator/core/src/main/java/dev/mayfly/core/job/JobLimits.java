package dev.mayfly.core.job;

import java.time.Duration;

/**
 * What a job may take at most.
 *
 * @param run from the start of the command, or of a session from READY; the worker enforces it
 * @param queue in the queue, each time it waits; then it ends as QUEUE_TIMEOUT
 * @param attempts how often it is tried when the fault was not the user's
 * @param logBytes of stdout and stderr per attempt
 */
public record JobLimits(Duration run, Duration queue, int attempts, long logBytes) {
  public JobLimits {
    if (!run.isPositive() || !queue.isPositive()) {
      throw new IllegalArgumentException("a timeout is not positive");
    }
    if (attempts < 1 || logBytes < 1) {
      throw new IllegalArgumentException("attempts and log limit must be at least 1");
    }
  }
}
