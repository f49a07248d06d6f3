package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One try of a job on one worker.
 *
 * @param number from 1
 * @param worker its name
 * @param state {@code PLACED}, {@code PREPARING}, {@code RUNNING} or {@code FINISHED}
 * @param refused the worker would not take it: it never started; such attempts are not counted
 *     against {@code maxAttempts}
 * @param placedAt RFC 3339, UTC
 * @param phases those reached so far, in order; their micros count from the job's submission
 * @param outcome present only when FINISHED
 * @param logBytes bytes of its log stored so far, all streams
 * @param logRemoved its log was older than logs are kept
 */
public record AttemptView(
    int number,
    String worker,
    String state,
    boolean refused,
    String placedAt,
    List<PhaseView> phases,
    @Nullable OutcomeView outcome,
    @Nullable String vmm,
    @Nullable String guestKernel,
    long peakMemoryKib,
    long logBytes,
    boolean logRemoved) {}
