package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A job as REST shows it. Times are RFC 3339 with microseconds, in UTC. The environment is never
 * shown: it may hold secrets.
 *
 * @param state a {@link dev.mayfly.api.JobState} name
 * @param architecture of the bundle: {@code x86_64} or {@code aarch64}
 * @param workload {@code BATCH} or {@code SESSION}
 * @param command empty for a session
 * @param labels what its worker must have, sorted
 * @param project whose it is
 * @param priority a {@link dev.mayfly.api.Priority} name
 * @param timeoutSeconds limit of the run
 * @param queueTimeoutSeconds limit of its wait for a worker
 * @param maxAttempts how often it is tried when the fault was not the user's
 * @param logLimitBytes of standard output and error of one attempt
 * @param queuedSince when its wait began: submission, or the end of the attempt before; present
 *     only while QUEUED
 * @param notBefore it is not placed earlier, because of a fault; present only while QUEUED and when
 *     later than {@code queuedSince}
 * @param waitingBecause one line why it is not running yet; present only while QUEUED
 * @param cancelRequested somebody cancelled it
 * @param endRequested {@code CANCEL}, {@code RELEASE} or {@code ABANDON}: why its end is wanted;
 *     absent while nobody wants it
 * @param sessionUntil the front end of the session must renew it before this; present only for a
 *     session that has not FINISHED
 * @param worker name of the worker of the current or last attempt
 * @param outcome present only when FINISHED
 * @param phases every phase reached so far, in order, of the current or last attempt
 * @param attempts how many attempts there are so far
 * @param faults how many of them ended in a fault that may be retried
 * @param logBytes bytes of log stored so far, all streams of the current attempt
 */
public record JobView(
    String id,
    String state,
    String image,
    @Nullable String bundleDigest,
    @Nullable String architecture,
    String workload,
    List<String> command,
    String workingDirectory,
    String user,
    ShapeView shape,
    List<String> labels,
    String network,
    String project,
    String priority,
    int timeoutSeconds,
    int queueTimeoutSeconds,
    int maxAttempts,
    long logLimitBytes,
    String submittedAt,
    @Nullable String queuedSince,
    @Nullable String notBefore,
    @Nullable String waitingBecause,
    boolean cancelRequested,
    @Nullable String endRequested,
    @Nullable String sessionUntil,
    @Nullable String worker,
    @Nullable OutcomeView outcome,
    List<PhaseView> phases,
    int attempts,
    int faults,
    long logBytes,
    @Nullable String vmm,
    @Nullable String guestKernel,
    long peakMemoryKib) {}
