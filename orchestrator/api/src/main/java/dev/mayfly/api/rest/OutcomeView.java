package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * How a job ended.
 *
 * @param kind {@code EXITED}, {@code FAULTED} or {@code CANCELLED}
 * @param exitCode present with EXITED
 * @param faultCode a {@link dev.mayfly.api.FaultCode} name, present with FAULTED
 * @param blame a {@link dev.mayfly.api.Blame} name, present with FAULTED
 * @param detail one sentence for people, present with FAULTED
 */
public record OutcomeView(
    String kind,
    @Nullable Integer exitCode,
    @Nullable String faultCode,
    @Nullable String blame,
    @Nullable String detail) {}
