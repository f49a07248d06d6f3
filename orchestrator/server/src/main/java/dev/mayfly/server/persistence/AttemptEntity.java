package dev.mayfly.server.persistence;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.Phase;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.lease.Lease;
import jakarta.persistence.Column;
import jakarta.persistence.Embedded;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A row of {@code attempt}. */
@Entity
@Table(name = "attempt")
@SuppressWarnings("NullAway.Init") // Hibernate fills the fields.
class AttemptEntity {
  @EmbeddedId AttemptKey key;

  @Column(name = "worker_id")
  UUID workerId;

  String state;

  @Column(name = "lease_epoch")
  long leaseEpoch;

  @Column(name = "lease_expires_at")
  Instant leaseExpiresAt;

  @Column(name = "report_number")
  long reportNumber;

  @Column(name = "placed_at")
  Instant placedAt;

  @Column(name = "prepared_at")
  @Nullable Instant preparedAt;

  @Column(name = "booted_at")
  @Nullable Instant bootedAt;

  @Column(name = "ready_at")
  @Nullable Instant readyAt;

  @Column(name = "executing_at")
  @Nullable Instant executingAt;

  @Column(name = "ended_at")
  @Nullable Instant endedAt;

  @Column(name = "destroyed_at")
  @Nullable Instant destroyedAt;

  @Column(name = "finished_at")
  @Nullable Instant finishedAt;

  @Embedded @Nullable OutcomeColumns outcome;

  @Nullable String vmm;

  @Column(name = "guest_kernel")
  @Nullable String guestKernel;

  @Column(name = "peak_memory_kib")
  long peakMemoryKib;

  @Column(name = "log_chunks")
  @Nullable Long logChunks;

  // The log's size belongs to JdbcLogStore; written here at insertion only.
  @Column(name = "log_stored", updatable = false)
  long logStored;

  @Column(name = "log_bytes", updatable = false)
  long logBytes;

  @Column(name = "log_removed_at", updatable = false)
  @Nullable Instant logRemovedAt;

  AttemptEntity() {}

  void set(Attempt attempt) {
    key = AttemptKey.of(attempt.id());
    workerId = attempt.worker().value();
    leaseEpoch = attempt.lease().epoch().value();
    leaseExpiresAt = attempt.lease().expiresAt();
    reportNumber = attempt.reportNumber();
    placedAt = attempt.placedAt();
    preparedAt = attempt.phases().get(Phase.PREPARED);
    bootedAt = attempt.phases().get(Phase.BOOTED);
    readyAt = attempt.phases().get(Phase.READY);
    executingAt = attempt.phases().get(Phase.EXECUTING);
    endedAt = attempt.phases().get(Phase.ENDED);
    destroyedAt = attempt.phases().get(Phase.DESTROYED);
    vmm = attempt.vmm();
    guestKernel = attempt.guestKernel();
    peakMemoryKib = attempt.peakMemoryKib();
    switch (attempt.state()) {
      case AttemptState.Placed _ -> state = "PLACED";
      case AttemptState.Preparing _ -> state = "PREPARING";
      case AttemptState.Running _ -> state = "RUNNING";
      case AttemptState.Finished finished -> {
        state = "FINISHED";
        finishedAt = finished.at();
        outcome = OutcomeColumns.of(finished.outcome());
        logChunks = finished.logChunks();
      }
    }
  }

  boolean holds(Lease lease) {
    return leaseEpoch == lease.epoch().value() && leaseExpiresAt.equals(lease.expiresAt());
  }

  Attempt toAttempt() {
    return new Attempt(
        new AttemptId(new JobId(key.jobId()), key.number()),
        new WorkerId(workerId),
        new Lease(new LeaseEpoch(leaseEpoch), leaseExpiresAt),
        placedAt,
        toState(),
        reportNumber,
        phases(),
        vmm,
        guestKernel,
        peakMemoryKib,
        new Attempt.StoredLog(logStored, logBytes, logRemovedAt));
  }

  private AttemptState toState() {
    return switch (state) {
      case "PLACED" -> new AttemptState.Placed();
      case "PREPARING" -> new AttemptState.Preparing();
      case "RUNNING" -> new AttemptState.Running();
      case "FINISHED" ->
          new AttemptState.Finished(
              Objects.requireNonNull(outcome).toOutcome(),
              Objects.requireNonNull(finishedAt),
              Objects.requireNonNull(logChunks));
      default -> throw new IllegalStateException("unknown state of an attempt: " + state);
    };
  }

  private Map<Phase, Instant> phases() {
    Map<Phase, Instant> phases = new EnumMap<>(Phase.class);
    put(phases, Phase.PREPARED, preparedAt);
    put(phases, Phase.BOOTED, bootedAt);
    put(phases, Phase.READY, readyAt);
    put(phases, Phase.EXECUTING, executingAt);
    put(phases, Phase.ENDED, endedAt);
    put(phases, Phase.DESTROYED, destroyedAt);
    return phases;
  }

  private static void put(Map<Phase, Instant> phases, Phase phase, @Nullable Instant at) {
    if (at != null) {
      phases.put(phase, at);
    }
  }
}
