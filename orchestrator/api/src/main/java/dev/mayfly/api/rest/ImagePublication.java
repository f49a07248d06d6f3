package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * Body of {@code PUT /api/v1/images/{name}}: lets a name point to a bundle. All members are
 * required.
 */
public record ImagePublication(
    @Nullable String bundleDigest, @Nullable String architecture, @Nullable Long sizeBytes) {}
