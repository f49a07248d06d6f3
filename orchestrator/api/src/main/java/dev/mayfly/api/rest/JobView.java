package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A job as REST shows it. Times are RFC 3339 with microseconds, in UTC. The environment is never
 * shown: it may hold secrets.
 *
 * @param state a {@link dev.mayfly.api.JobState} name
 * @param waitingBecause one sentence why it is not running yet; present only while QUEUED
 * @param worker name of the worker of the current or last attempt
 * @param outcome present only when FINISHED
 * @param phases every phase reached so far, in order, of the current or last attempt
 * @param attempts how many attempts there are so far
 * @param logBytes bytes of log stored so far, all streams of the current attempt
 */
public record JobView(
    String id,
    String state,
    String image,
    String bundleDigest,
    List<String> command,
    String workingDirectory,
    String user,
    ShapeView shape,
    String network,
    int timeoutSeconds,
    String submittedAt,
    @Nullable String waitingBecause,
    boolean cancelRequested,
    @Nullable String worker,
    @Nullable OutcomeView outcome,
    List<PhaseView> phases,
    int attempts,
    long logBytes,
    @Nullable String vmm,
    @Nullable String guestKernel,
    long peakMemoryKib) {}
