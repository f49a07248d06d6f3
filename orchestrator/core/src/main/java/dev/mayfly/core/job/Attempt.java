package dev.mayfly.core.job;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.Phase;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.lease.Lease;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One try of a job on one worker.
 *
 * @param reportNumber of the last report applied; 0: none
 * @param phases those reached on the worker, and ENDED when the orchestrator gave it up
 * @param vmm what booted it, when the worker said so
 * @param log how much of its log is stored; only {@link dev.mayfly.core.log.LogStore} changes it
 */
public record Attempt(
    AttemptId id,
    WorkerId worker,
    Lease lease,
    Instant placedAt,
    AttemptState state,
    long reportNumber,
    Map<Phase, Instant> phases,
    @Nullable String vmm,
    @Nullable String guestKernel,
    long peakMemoryKib,
    StoredLog log) {

  /**
   * How much of the log is stored.
   *
   * @param chunks stored without gap: sequences 1 to this
   * @param bytes of all streams
   * @param removedAt when retention removed it; null: it is kept
   */
  public record StoredLog(long chunks, long bytes, @Nullable Instant removedAt) {
    public static final StoredLog NONE = new StoredLog(0, 0, null);
  }

  public Attempt {
    EnumMap<Phase, Instant> ordered = new EnumMap<>(Phase.class);
    ordered.putAll(phases);
    phases = Collections.unmodifiableMap(ordered);
  }

  public static Attempt placed(AttemptId id, WorkerId worker, Lease lease, Instant at) {
    return new Attempt(
        id,
        worker,
        lease,
        at,
        new AttemptState.Placed(),
        0,
        Map.of(),
        null,
        null,
        0,
        StoredLog.NONE);
  }

  public boolean finished() {
    return state instanceof AttemptState.Finished;
  }

  /** Its command may have run, or its session may have been used. */
  public boolean ran() {
    return state instanceof AttemptState.Running || phases.containsKey(Phase.READY);
  }

  /** The attempt ended and every chunk its worker numbered is stored. */
  public boolean logComplete() {
    return state instanceof AttemptState.Finished finished && log.chunks() >= finished.logChunks();
  }

  Attempt with(AttemptState next, long report, Map<Phase, Instant> reached) {
    return new Attempt(
        id, worker, lease, placedAt, next, report, reached, vmm, guestKernel, peakMemoryKib, log);
  }

  Attempt running(String bootedBy, String kernel) {
    return new Attempt(
        id,
        worker,
        lease,
        placedAt,
        state,
        reportNumber,
        phases,
        bootedBy,
        kernel,
        peakMemoryKib,
        log);
  }

  Attempt withPeakMemory(long kib) {
    return new Attempt(
        id, worker, lease, placedAt, state, reportNumber, phases, vmm, guestKernel, kib, log);
  }
}
