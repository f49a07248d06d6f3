package dev.mayfly.worker.core.exec;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.guest.GuestExec.ExecEnd;

/** Decides what the end of an exec means, and how people are told. Pure. */
public final class ExecPolicy {
  /** The limit of the wire contract. */
  public static final int MAX_DETAIL = 2000;

  private ExecPolicy() {}

  /** A fault whose detail fits. */
  public static Outcome.Faulted fault(FaultCode code, String detail) {
    return new Outcome.Faulted(
        code, detail.length() <= MAX_DETAIL ? detail : detail.substring(0, MAX_DETAIL));
  }

  /** A command ended by itself. */
  public static Outcome ended(ExecEnd end, Shape shape) {
    if (end.exitCode() == 0) {
      return new Outcome.Exited(0);
    }
    var how =
        end.signalled()
            ? "the command was ended by signal " + end.value()
            : "the command exited with " + end.value();
    if (end.killedForMemory()) {
      return fault(
          FaultCode.OUT_OF_MEMORY,
          "the job used up the " + shape.memoryMib() + " MiB of memory it asked for; " + how);
    }
    if (end.scratchWasFull()) {
      return fault(
          FaultCode.DISK_FULL,
          "the job filled the " + shape.scratchMib() + " MiB of disk it asked for; " + how);
    }
    return new Outcome.Exited(end.exitCode());
  }

  /** An exec ended by itself: for a transfer there is no exit code but success. */
  static Outcome ended(ExecRequest request, ExecEnd end, Shape shape) {
    var outcome = ended(end, shape);
    boolean failed = outcome instanceof Outcome.Exited(var code) && code != 0;
    return switch (request.kind()) {
      case COMMAND -> outcome;
      case UPLOAD ->
          failed
              ? fault(
                  FaultCode.TRANSFER_FAILED,
                  "what was uploaded could not be unpacked into "
                      + request.path()
                      + "; the log says why")
              : outcome;
      case DOWNLOAD ->
          failed
              ? fault(
                  FaultCode.TRANSFER_FAILED,
                  request.path() + " could not be packed; the log says why")
              : outcome;
    };
  }

  /** Its own limit ended it. */
  static Outcome.Faulted timedOut(ExecRequest request) {
    return fault(
        FaultCode.EXEC_TIMEOUT,
        "the exec ran longer than its limit of " + request.timeout().toSeconds() + " s");
  }

  static Outcome.Faulted tooLarge(ExecRequest request) {
    return fault(
        FaultCode.TRANSFER_TOO_LARGE,
        "the tar stream is larger than the limit of " + request.limitBytes() + " bytes");
  }

  static Outcome.Faulted tooManyOpen() {
    return fault(
        FaultCode.COMMAND_NOT_STARTED,
        "the exec could not be started: "
            + Execs.MAX_OPEN
            + " are open in this session already; wait until one has ended");
  }

  static Outcome.Faulted notStarted(String why) {
    return fault(FaultCode.COMMAND_NOT_STARTED, "the command could not be started: " + why);
  }
}
