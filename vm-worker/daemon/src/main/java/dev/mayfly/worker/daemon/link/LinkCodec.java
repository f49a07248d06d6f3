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
import dev.mayfly.api.worker.v1.EndReason;
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
import dev.mayfly.worker.core.attempt.Outbox.Sendable;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Between the messages of the wire and the values of the core. Pure. */
final class LinkCodec {
  /** The limit of the wire contract. */
  private static final int MAX_REASON = 500;

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
    var environment = new ArrayList<String>();
    for (var variable : assignment.getEnvironmentList()) {
      if (variable.getName().isEmpty() || variable.getName().contains("=")) {
        throw new IllegalArgumentException("an environment variable has no valid name");
      }
      environment.add(variable.getName() + "=" + variable.getValue());
    }
    return new AttemptSpec(
        lease(assignment.getAttempt()),
        new BundleDigest(assignment.getBundleDigest()),
        assignment.getImage(),
        new Shape(
            assignment.getShape().getCpus(),
            assignment.getShape().getMemoryMib(),
            assignment.getShape().getScratchMib()),
        assignment.getCommandList(),
        environment,
        assignment.getWorkingDirectory(),
        assignment.getUser(),
        Duration.ofSeconds(assignment.getTimeoutSeconds()),
        network(assignment.getNetwork()),
        assignedAt);
  }

  private static NetworkMode network(Network network) {
    return switch (network) {
      case NETWORK_USER, NETWORK_UNSPECIFIED -> NetworkMode.USER;
      case NETWORK_NONE -> NetworkMode.NONE;
      case UNRECOGNIZED -> throw new IllegalArgumentException("network is not a known mode");
    };
  }

  /** Anything but a cancellation means that the lease is not ours. */
  static dev.mayfly.worker.core.attempt.EndReason reason(EndReason reason) {
    return switch (reason) {
      case END_REASON_CANCELLED -> dev.mayfly.worker.core.attempt.EndReason.CANCELLED;
      case END_REASON_RELEASED, END_REASON_ABANDONED ->
          dev.mayfly.worker.core.attempt.EndReason.CANCELLED;
      case END_REASON_UNSPECIFIED, END_REASON_LEASE_VOID, UNRECOGNIZED ->
          dev.mayfly.worker.core.attempt.EndReason.LEASE_VOID;
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
                      .setMicrosSinceAssigned(chunk.microsSinceAssigned()))
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
      case AttemptEvent.Finished finished -> message.setFinished(finished(finished));
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
