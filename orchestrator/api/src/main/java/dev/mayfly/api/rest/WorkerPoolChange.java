package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * Body of {@code PUT /api/v1/worker-pools/{name}}.
 *
 * @param strategy {@code PACK}: the fullest host that still fits first; {@code SPREAD}: the
 *     emptiest; required
 */
public record WorkerPoolChange(@Nullable String strategy) {}
