package dev.mayfly.client;

import dev.mayfly.api.JobState;
import org.jspecify.annotations.Nullable;

/**
 * Which jobs to list, newest first.
 *
 * @param image an image name; null for any
 * @param worker a worker; null for any
 * @param limit 1 to {@value #MAX_LIMIT}
 * @param cursor {@code next} of the page before; null for the first
 */
public record JobFilter(
    @Nullable JobState state,
    @Nullable String image,
    @Nullable String worker,
    int limit,
    @Nullable String cursor) {
  public static final int MAX_LIMIT = 200;

  public JobFilter {
    if (limit < 1 || limit > MAX_LIMIT) {
      throw new IllegalArgumentException("limit is " + limit + ", must be 1 to " + MAX_LIMIT);
    }
  }
}
