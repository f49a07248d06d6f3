package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * Body of {@code PUT /api/v1/limits}: what all projects together may use, in place of what was.
 *
 * @param maxActiveJobs hard cap of jobs on workers at once, 0 to {@value ProjectChange#MAX_ACTIVE};
 *     absent: none
 */
public record LimitsChange(@Nullable Integer maxActiveJobs) {}
