package dev.mayfly.server.persistence;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.job.JobSpec;
import jakarta.persistence.Column;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A row of {@code job}. What was asked for is written once; only progress changes. */
@Entity
@Table(name = "job")
@SuppressWarnings("NullAway.Init") // Hibernate fills the fields.
class JobEntity {
  @Id UUID id;

  // Compared by JpaJobStore under a row lock; not a JPA version, because the core counts it.
  long version;

  String state;

  @Column(updatable = false)
  String image;

  @Column(name = "bundle_digest", updatable = false)
  String bundleDigest;

  @Column(updatable = false)
  String[] command;

  @Column(name = "environment_names")
  String[] environmentNames;

  @Column(name = "environment_values")
  String[] environmentValues;

  @Column(name = "working_directory", updatable = false)
  String workingDirectory;

  @Column(name = "user_name", updatable = false)
  String userName;

  @Column(updatable = false)
  int cpus;

  @Column(name = "memory_mib", updatable = false)
  int memoryMib;

  @Column(name = "scratch_mib", updatable = false)
  int scratchMib;

  @Column(updatable = false)
  String network;

  @Column(name = "timeout_seconds", updatable = false)
  int timeoutSeconds;

  @Column(name = "submitted_at", updatable = false)
  Instant submittedAt;

  @Column(name = "waiting_because")
  @Nullable String waitingBecause;

  @Column(name = "cancel_requested")
  boolean cancelRequested;

  int attempt;

  @Column(name = "worker_id")
  @Nullable UUID workerId;

  @Embedded @Nullable OutcomeColumns outcome;

  @Column(name = "finished_at")
  @Nullable Instant finishedAt;

  @Column(name = "idempotency_key", updatable = false)
  @Nullable String idempotencyKey;

  @Column(name = "request_fingerprint", updatable = false)
  @Nullable String requestFingerprint;

  JobEntity() {}

  static JobEntity of(Job job, @Nullable IdempotencyKey key) {
    JobEntity entity = new JobEntity();
    JobSpec spec = job.spec();
    entity.id = job.id().value();
    entity.image = spec.image().value();
    entity.bundleDigest = spec.bundle().value();
    entity.command = spec.command().toArray(String[]::new);
    entity.workingDirectory = spec.workingDirectory();
    entity.userName = spec.user();
    entity.cpus = spec.shape().cpus();
    entity.memoryMib = spec.shape().memoryMib();
    entity.scratchMib = spec.shape().scratchMib();
    entity.network = spec.network().name();
    entity.timeoutSeconds = Math.toIntExact(spec.timeout().toSeconds());
    entity.submittedAt = job.submittedAt();
    if (key != null) {
      entity.idempotencyKey = key.value();
      entity.requestFingerprint = key.fingerprint();
    }
    entity.setProgress(job);
    return entity;
  }

  void setProgress(Job job) {
    version = job.version();
    state = job.state().name();
    environmentNames = job.spec().environment().keySet().toArray(String[]::new);
    environmentValues = job.spec().environment().values().toArray(String[]::new);
    cancelRequested = job.cancelRequested();
    attempt = job.attempts();
    Attempt last = job.attempt();
    workerId = last == null ? null : last.worker().value();
    waitingBecause = null;
    switch (job.progress()) {
      case JobProgress.Queued queued -> waitingBecause = queued.waitingBecause();
      case JobProgress.Active _ -> {}
      case JobProgress.Finished finished -> {
        outcome = OutcomeColumns.of(finished.outcome());
        finishedAt = finished.at();
      }
    }
  }

  Job toJob(@Nullable AttemptEntity last) {
    TreeMap<String, String> environment = new TreeMap<>();
    for (int i = 0; i < environmentNames.length; i++) {
      environment.put(environmentNames[i], environmentValues[i]);
    }
    JobSpec spec =
        new JobSpec(
            new ImageRef(image),
            new BundleDigest(bundleDigest),
            List.of(command),
            environment,
            workingDirectory,
            userName,
            new Shape(cpus, memoryMib, scratchMib),
            NetworkMode.valueOf(network),
            Duration.ofSeconds(timeoutSeconds));
    return new Job(
        new JobId(id),
        version,
        spec,
        submittedAt,
        toProgress(),
        cancelRequested,
        last == null ? null : last.toAttempt());
  }

  private JobProgress toProgress() {
    return switch (JobState.valueOf(state)) {
      case QUEUED -> new JobProgress.Queued(waitingBecause);
      case ACTIVE -> new JobProgress.Active();
      case FINISHED ->
          new JobProgress.Finished(
              Objects.requireNonNull(outcome).toOutcome(), Objects.requireNonNull(finishedAt));
    };
  }
}
