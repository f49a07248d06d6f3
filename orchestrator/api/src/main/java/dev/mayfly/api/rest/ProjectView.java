package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * A project and what it may use.
 *
 * @param weight its share when others want it too, relative to theirs
 * @param maxActiveJobs hard cap of its jobs on workers at once; absent: none
 * @param activeJobs its jobs on workers now
 * @param reserved what they have reserved
 */
public record ProjectView(
    String name, int weight, @Nullable Integer maxActiveJobs, int activeJobs, ShapeView reserved) {}
