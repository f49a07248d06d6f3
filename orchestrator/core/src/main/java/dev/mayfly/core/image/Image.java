package dev.mayfly.core.image;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import java.time.Instant;

/**
 * A name and the bundle it points to now.
 *
 * @param architecture {@code x86_64} or {@code aarch64}
 * @param sizeBytes of all files of the bundle
 */
public record Image(
    ImageRef name, BundleDigest bundle, String architecture, long sizeBytes, Instant publishedAt) {}
