package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/** The size asked for; see {@link dev.mayfly.api.Shape} for bounds and defaults. */
public record ShapeRequest(
    @Nullable Integer cpus, @Nullable Integer memoryMib, @Nullable Integer scratchMib) {}
