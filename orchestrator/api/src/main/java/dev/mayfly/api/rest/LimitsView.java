package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * What all projects together may use.
 *
 * @param maxActiveJobs hard cap of jobs on workers at once; absent: none
 * @param activeJobs jobs on workers now
 */
public record LimitsView(@Nullable Integer maxActiveJobs, int activeJobs) {}
