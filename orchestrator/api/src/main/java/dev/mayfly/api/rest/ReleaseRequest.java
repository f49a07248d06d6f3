package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST /api/v1/jobs/{id}/release}.
 *
 * @param exitCode what the job's outcome is to be, 0 to 255; default 0
 */
public record ReleaseRequest(@Nullable Integer exitCode) {}
