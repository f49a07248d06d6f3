package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * What a worker has of a bundle.
 *
 * @param worker its name
 * @param state {@code READY}, {@code PULLING} or {@code FAILED}
 * @param bytesDone while it is pulled; absent otherwise, as {@code bytesTotal}
 * @param reason why it failed; absent otherwise
 * @param changedAt absent when ready
 */
public record BundleOnWorkerView(
    String worker,
    String state,
    @Nullable Long bytesDone,
    @Nullable Long bytesTotal,
    @Nullable String reason,
    @Nullable String changedAt) {}
