package dev.mayfly.api.rest;

import java.util.List;

/**
 * A worker pool: hosts that are filled by one strategy.
 *
 * @param strategy {@code PACK} or {@code SPREAD}
 * @param workers names of its workers, those that left and are lost included
 */
public record WorkerPoolView(String name, String strategy, List<String> workers) {}
