package dev.mayfly.server.workers;

import com.google.protobuf.UnsafeByteOperations;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.worker.v1.AttemptReport;
import dev.mayfly.api.worker.v1.EnvironmentVariable;
import dev.mayfly.api.worker.v1.ExecEnded;
import dev.mayfly.api.worker.v1.ExecInput;
import dev.mayfly.api.worker.v1.ExecKind;
import dev.mayfly.api.worker.v1.ExecSignal;
import dev.mayfly.api.worker.v1.ExecStart;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.core.exec.Exec;
import dev.mayfly.core.exec.ExecEvent;
import dev.mayfly.core.exec.ExecSpec;
import dev.mayfly.core.exec.ExecStore;
import dev.mayfly.core.job.JobStore;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/** Translates what is about execs; every field of a worker's message is checked. */
final class ExecWire {
  private static final int MAX_DETAIL = 2000;

  private ExecWire() {}

  /** Whether a report is about an exec and not about the attempt itself. */
  static boolean isAboutExec(AttemptReport report) {
    return report.hasExecStarted() || report.hasExecEnded();
  }

  static int number(AttemptReport report) {
    return number(
        report.hasExecStarted()
            ? report.getExecStarted().getExecNumber()
            : report.getExecEnded().getExecNumber());
  }

  static int number(int number) {
    if (number < 1) {
      throw new InvalidMessageException("exec_number", "must be at least 1");
    }
    return number;
  }

  static ExecEvent event(AttemptReport report, Instant now) {
    return report.hasExecStarted() ? new ExecEvent.Started(now) : ended(report.getExecEnded(), now);
  }

  private static ExecEvent ended(ExecEnded ended, Instant now) {
    if (ended.getLogChunks() < 0) {
      throw new InvalidMessageException("exec_ended.log_chunks", "is beyond 2^63");
    }
    return new ExecEvent.Ended(outcome(ended), ended.getLogChunks(), now);
  }

  private static Outcome outcome(ExecEnded ended) {
    return switch (ended.getOutcomeCase()) {
      case EXITED -> exited(ended.getExited().getCode());
      case FAULTED -> faulted(ended.getFaulted().getCode(), ended.getFaulted().getDetail());
      case OUTCOME_NOT_SET -> throw new InvalidMessageException("exec_ended.outcome", "is missing");
    };
  }

  private static Outcome exited(int code) {
    try {
      return new Outcome.Exited(code);
    } catch (IllegalArgumentException invalid) {
      throw new InvalidMessageException(
          "exec_ended.exited.code", String.valueOf(invalid.getMessage()), invalid);
    }
  }

  private static Outcome faulted(String code, String detail) {
    try {
      String shown = detail.replace('\0', ' ');
      return new Outcome.Faulted(
          FaultCode.valueOf(code), shown.substring(0, Math.min(shown.length(), MAX_DETAIL)));
    } catch (IllegalArgumentException unknown) {
      throw new InvalidMessageException("exec_ended.faulted.code", "is unknown", unknown);
    }
  }

  static OrchestratorMessage start(JobStore.Claim claim, Exec exec) {
    ExecStart.Builder start =
        ExecStart.newBuilder().setAttempt(WireCodec.ref(claim)).setExecNumber(exec.number());
    switch (exec.spec()) {
      case ExecSpec.Command command -> command(start, command);
      case ExecSpec.Upload(String path, long limit, Duration timeout) ->
          start
              .setKind(ExecKind.EXEC_KIND_UPLOAD)
              .setStdinOpen(true)
              .setPath(path)
              .setLimitBytes(limit)
              .setTimeoutSeconds(Math.toIntExact(timeout.toSeconds()));
      case ExecSpec.Download(String path, long limit, Duration timeout) ->
          start
              .setKind(ExecKind.EXEC_KIND_DOWNLOAD)
              .setPath(path)
              .setLimitBytes(limit)
              .setTimeoutSeconds(Math.toIntExact(timeout.toSeconds()));
    }
    return OrchestratorMessage.newBuilder().setExecStart(start).build();
  }

  private static void command(ExecStart.Builder start, ExecSpec.Command command) {
    Duration timeout = command.timeout();
    start
        .setKind(ExecKind.EXEC_KIND_COMMAND)
        .addAllCommand(command.command())
        .setWorkingDirectory(command.workingDirectory())
        .setUser(command.user())
        .setStdinOpen(command.stdin())
        .setTimeoutSeconds(timeout == null ? 0 : Math.toIntExact(timeout.toSeconds()));
    command
        .environment()
        .forEach((name, value) ->
            start.addEnvironment(
                EnvironmentVariable.newBuilder().setName(name).setValue(value).build()));
    command
        .secrets()
        .forEach(name -> start.addSecrets(Objects.requireNonNull(command.environment().get(name))));
  }

  static OrchestratorMessage input(
      JobStore.Claim claim, int number, ExecStore.Piece piece, boolean end) {
    return OrchestratorMessage.newBuilder()
        .setExecInput(
            ExecInput.newBuilder()
                .setAttempt(WireCodec.ref(claim))
                .setExecNumber(number)
                .setOffset(piece.offset())
                .setData(UnsafeByteOperations.unsafeWrap(piece.data()))
                .setEnd(end))
        .build();
  }

  static OrchestratorMessage signal(JobStore.Claim claim, int number, ExecStore.Signal signal) {
    return OrchestratorMessage.newBuilder()
        .setExecSignal(
            ExecSignal.newBuilder()
                .setAttempt(WireCodec.ref(claim))
                .setExecNumber(number)
                .setSignalNumber(signal.number())
                .setSignal(signal.signal())
                .setEverything(signal.everything()))
        .build();
  }
}
