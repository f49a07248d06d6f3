package dev.mayfly.api.rest;

import java.util.List;

/**
 * An image name and the bundle it points to now.
 *
 * @param sizeBytes of all files of the bundle
 * @param cachedOn names of the workers that have it ready
 */
public record ImageView(
    String name,
    String bundleDigest,
    String architecture,
    long sizeBytes,
    String publishedAt,
    List<String> cachedOn) {}
