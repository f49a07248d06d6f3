package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * Body of {@code PUT /api/v1/projects/{name}}: what the project may use, in place of what was.
 *
 * @param weight its share when others want it too, relative to theirs, 1 to {@value #MAX_WEIGHT};
 *     default 1
 * @param maxActiveJobs hard cap of its jobs on workers at once, 0 to {@value #MAX_ACTIVE}; absent:
 *     none
 */
public record ProjectChange(@Nullable Integer weight, @Nullable Integer maxActiveJobs) {
  public static final int MAX_WEIGHT = 1000;

  /** Far beyond any fleet; a larger number is a slip. */
  public static final int MAX_ACTIVE = 1_000_000;
}
