package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST /api/v1/workers/{name}/quarantine}.
 *
 * @param reason for people who wonder why the worker takes no work; required, 1 to {@value
 *     #MAX_REASON} characters
 */
public record QuarantineRequest(@Nullable String reason) {
  public static final int MAX_REASON = 500;
}
