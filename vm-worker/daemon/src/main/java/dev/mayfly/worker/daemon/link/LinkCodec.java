package dev.mayfly.worker.daemon.link;

import com.google.protobuf.UnsafeByteOperations;
import dev.mayfly.api.AttemptId;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.api.worker.v1.Assignment;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.AttemptReport;
import dev.mayfly.api.worker.v1.Cancelled;
import dev.mayfly.api.worker.v1.EndAttempt;
import dev.mayfly.api.worker.v1.ExecEnded;
import dev.mayfly.api.worker.v1.ExecStarted;
import dev.mayfly.api.worker.v1.Exited;
import dev.mayfly.api.worker.v1.Faulted;
import dev.mayfly.api.worker.v1.Finished;
import dev.mayfly.api.worker.v1.LogChunk;
import dev.mayfly.api.worker.v1.Network;
import dev.mayfly.api.worker.v1.PhaseTime;
import dev.mayfly.api.worker.v1.Preparing;
import dev.mayfly.api.worker.v1.Refusal;
import dev.mayfly.api.worker.v1.Running;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.worker.core.attempt.AttemptEvent;
import dev.mayfly.worker.core.attempt.AttemptSpec;
import dev.mayfly.worker.core.attempt.Attempts.Admission;
import dev.mayfly.worker.core.attempt.EndReason;
import dev.mayfly.worker.core.attempt.Outbox.Sendable;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.Secrets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Between the messages of the wire and the values of the core. Pure. */
final class LinkCodec {
  /** The limit of the wire contract. */
  private static final int MAX_REASON = 500;

  private static final int MAX_EXIT_CODE = 255;
  private static final int NANOS_PER_MICRO = 1000;

  private LinkCodec() {}

  /**
   * Reads a reference.
   *
   * @throws IllegalArgumentException naming what is wrong
   */
  static AttemptLease lease(AttemptRef ref) {
    return new AttemptLease(
        new AttemptId(JobId.parse(ref.getJobId()), ref.getAttemptNumber()),
        new LeaseEpoch(ref.getLeaseEpoch()));
  }

  static AttemptRef ref(AttemptLease lease) {
    return AttemptRef.newBuilder()
        .setJobId(lease.attempt().job().toString())
        .setAttemptNumber(lease.attempt().number())
        .setLeaseEpoch(lease.epoch().value())
        .build();
  }

  static List<AttemptRef> refs(Collection<AttemptLease> leases) {
    return leases.stream().map(LinkCodec::ref).toList();
  }

  /**
   * Reads an assignment.
   *
   * @param assignedAt when it came, on the monotonic clock
   * @throws IllegalArgumentException naming what is wrong; never a value, it may be secret
   */
  static AttemptSpec spec(Assignment assignment, long assignedAt) {
    return new AttemptSpec(
        lease(assignment.getAttempt()),
        new BundleDigest(assignment.getBundleDigest()),
        assignment.getImage(),
        new Shape(
            assignment.getShape().getCpus(),
            assignment.getShape().getMemoryMib(),
            assignment.getShape().getScratchMib()),
        assignment.getCommandList(),
        ExecCodec.environment(assignment.getEnvironmentList()),
        assignment.getWorkingDirectory(),
        assignment.getUser(),
        Duration.ofSeconds(assignment.getTimeoutSeconds()),
        network(assignment.getNetwork()),
        assignment.getSession(),
        Duration.ofSeconds(assignment.getIdleSeconds()),
        Secrets.of(assignment.getSecretsList()),
        assignment.getLogLimitBytes() == 0
            ? AttemptSpec.DEFAULT_LOG_LIMIT_BYTES
            : assignment.getLogLimitBytes(),
        assignment.getPrefaceList(),
        assignedAt);
  }

  /**
   * How much of its lease is left.
   *
   * @param most what is more is cut to this
   * @throws IllegalArgumentException when the assignment does not say
   */
  static Duration leaseLeft(Assignment assignment, Duration most) {
    long micros = assignment.getLeaseLeftMicros();
    if (micros == 0) {
      throw new IllegalArgumentException("lease_left_micros is missing");
    }
    long limit = most.toNanos() / NANOS_PER_MICRO;
    return Duration.ofNanos(
        NANOS_PER_MICRO * (Long.compareUnsigned(micros, limit) > 0 ? limit : micros));
  }

  private static NetworkMode network(Network network) {
    return switch (network) {
      case NETWORK_USER, NETWORK_UNSPECIFIED -> NetworkMode.USER;
      case NETWORK_NONE -> NetworkMode.NONE;
      case UNRECOGNIZED -> throw new IllegalArgumentException("network is not a known mode");
    };
  }

  /** What is not known means that the lease is not ours; an exit code is cut to what there is. */
  static EndReason reason(EndAttempt end) {
    return switch (end.getReason()) {
      case END_REASON_CANCELLED -> EndReason.CANCELLED;
      case END_REASON_RELEASED ->
          new EndReason.Released(Math.clamp(end.getExitCode() & 0xffffffffL, 0, MAX_EXIT_CODE));
      case END_REASON_ABANDONED -> EndReason.ABANDONED;
      case END_REASON_UNSPECIFIED, END_REASON_LEASE_VOID, UNRECOGNIZED -> EndReason.LEASE_VOID;
    };
  }

  static WorkerMessage refusal(AttemptRef attempt, Admission.Refused refused) {
    return WorkerMessage.newBuilder()
        .setRefusal(
            Refusal.newBuilder()
                .setAttempt(attempt)
                .setFaultCode(refused.code().name())
                .setReason(cut(refused.reason(), MAX_REASON)))
        .build();
  }

  static WorkerMessage message(Sendable sendable) {
    return switch (sendable) {
      case Sendable.Report(var report) ->
          WorkerMessage.newBuilder().setReport(report(report)).build();
      case Sendable.Chunk(var lease, var chunk) ->
          WorkerMessage.newBuilder()
              .setLogChunk(
                  LogChunk.newBuilder()
                      .setAttempt(ref(lease))
                      .setSequence(chunk.sequence())
                      .setStream(stream(chunk.stream()))
                      .setData(UnsafeByteOperations.unsafeWrap(chunk.data()))
                      .setMicrosSinceAssigned(chunk.microsSinceAssigned())
                      .setExecNumber(chunk.exec()))
              .build();
    };
  }

  private static dev.mayfly.api.worker.v1.LogStream stream(LogStream stream) {
    return switch (stream) {
      case STDOUT -> dev.mayfly.api.worker.v1.LogStream.LOG_STREAM_STDOUT;
      case STDERR -> dev.mayfly.api.worker.v1.LogStream.LOG_STREAM_STDERR;
      case SYSTEM -> dev.mayfly.api.worker.v1.LogStream.LOG_STREAM_SYSTEM;
      case CONSOLE -> dev.mayfly.api.worker.v1.LogStream.LOG_STREAM_CONSOLE;
      case FILE -> dev.mayfly.api.worker.v1.LogStream.LOG_STREAM_FILE;
    };
  }

  private static AttemptReport report(dev.mayfly.worker.core.attempt.AttemptReport report) {
    var message =
        AttemptReport.newBuilder().setAttempt(ref(report.lease())).setReportNumber(report.number());
    report.phases().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(phase ->
            message.addPhases(
                PhaseTime.newBuilder()
                    .setPhase(phase.getKey().name())
                    .setMicrosSinceAssigned(phase.getValue().toNanos() / 1000)));
    switch (report.event()) {
      case AttemptEvent.Preparing() -> message.setPreparing(Preparing.getDefaultInstance());
      case AttemptEvent.Running(var kernel, var vmm) ->
          message.setRunning(Running.newBuilder().setGuestKernel(kernel).setVmm(vmm));
      case AttemptEvent.ExecStarted(var number) ->
          message.setExecStarted(ExecStarted.newBuilder().setExecNumber(number));
      case AttemptEvent.ExecEnded ended -> message.setExecEnded(execEnded(ended));
      case AttemptEvent.Finished finished -> message.setFinished(finished(finished));
    }
    return message.build();
  }

  private static ExecEnded execEnded(AttemptEvent.ExecEnded ended) {
    var message =
        ExecEnded.newBuilder().setExecNumber(ended.number()).setLogChunks(ended.logChunks());
    switch (ended.outcome()) {
      case Outcome.Exited(var code) -> message.setExited(Exited.newBuilder().setCode(code));
      case Outcome.Faulted(var code, var detail) ->
          message.setFaulted(Faulted.newBuilder().setCode(code.name()).setDetail(detail));
      case Outcome.Cancelled() ->
          throw new IllegalStateException("an exec is never cancelled by itself");
    }
    return message.build();
  }

  private static Finished finished(AttemptEvent.Finished finished) {
    var message =
        Finished.newBuilder()
            .setLogChunks(finished.logChunks())
            .setLogBytes(finished.logBytes())
            .setPeakMemoryKib(finished.peakMemoryKib());
    switch (finished.outcome()) {
      case Outcome.Exited(var code) -> message.setExited(Exited.newBuilder().setCode(code));
      case Outcome.Faulted(var code, var detail) ->
          message.setFaulted(Faulted.newBuilder().setCode(code.name()).setDetail(detail));
      case Outcome.Cancelled() -> message.setCancelled(Cancelled.getDefaultInstance());
    }
    return message.build();
  }

  private static String cut(String text, int most) {
    return text.length() <= most ? text : text.substring(0, most);
  }
}
