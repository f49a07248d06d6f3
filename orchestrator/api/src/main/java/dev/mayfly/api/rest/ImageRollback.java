package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST /api/v1/image-rollbacks}: lets a name point again to what it pointed to. All
 * members are required.
 *
 * @param number of the version, see {@link ImageVersionView}
 */
public record ImageRollback(@Nullable String image, @Nullable Integer number) {}
