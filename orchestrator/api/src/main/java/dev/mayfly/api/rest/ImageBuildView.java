package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * A build of an image.
 *
 * @param state {@code QUEUED}, {@code RUNNING}, {@code SUCCEEDED}, {@code UNCHANGED}, {@code
 *     FAILED} or {@code CANCELLED}
 * @param kernel absent: the builder's default
 * @param cause {@code FIRST_USE}, {@code REQUESTED}, {@code SCHEDULED} or {@code UPSTREAM_MOVED}
 * @param worker the name of the worker it is or was on; absent: it has not begun
 * @param attempts how many workers it was given to
 * @param startedAt when its worker began; absent: it has not begun
 * @param step what its worker last said it was at; may be empty
 * @param bundleDigest present when it SUCCEEDED
 * @param blame present when it FAILED: whose fault it was, a {@link dev.mayfly.api.Blame} name
 * @param reason present when it FAILED: why, for people
 */
public record ImageBuildView(
    String id,
    String state,
    String image,
    String source,
    @Nullable String kernel,
    String cause,
    @Nullable String worker,
    int attempts,
    String requestedAt,
    @Nullable String startedAt,
    @Nullable String endedAt,
    boolean cancelRequested,
    String step,
    @Nullable String bundleDigest,
    @Nullable String blame,
    @Nullable String reason) {}
