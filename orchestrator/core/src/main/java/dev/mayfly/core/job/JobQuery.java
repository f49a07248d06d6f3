package dev.mayfly.core.job;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import org.jspecify.annotations.Nullable;

/**
 * Which jobs to list; newest first.
 *
 * @param worker name or id of the worker of the last attempt
 * @param olderThan keyset: only jobs with a smaller id
 */
public record JobQuery(
    @Nullable JobState state,
    @Nullable ImageRef image,
    @Nullable String worker,
    @Nullable JobId olderThan,
    int limit) {
  public static final int MAX_LIMIT = 200;

  public JobQuery {
    // One more than a page, so that the caller sees whether there is a next one.
    if (limit < 1 || limit > MAX_LIMIT + 1) {
      throw new IllegalArgumentException("limit is out of bounds");
    }
  }
}
