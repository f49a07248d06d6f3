package dev.mayfly.api.rest;

/**
 * When a phase was reached.
 *
 * @param phase a {@link dev.mayfly.api.Phase} name
 * @param at RFC 3339, UTC, microseconds; phases on the worker are the time of placement plus what
 *     the worker's monotonic clock measured
 * @param micros microseconds since QUEUED
 */
public record PhaseView(String phase, String at, long micros) {}
