package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestExec.ExecEnd;
import java.time.Duration;
import java.util.OptionalInt;

/** Decides what an end means: which outcome, which fault code, and how people are told. Pure. */
final class OutcomePolicy {
  /** The limit of the wire contract. */
  static final int MAX_DETAIL = 2000;

  private OutcomePolicy() {}

  /** Which step the guest failed at. */
  enum Stage {
    ANSWER,
    SETUP,
    START
  }

  static Outcome.Faulted fault(FaultCode code, String detail) {
    return new Outcome.Faulted(
        code, detail.length() <= MAX_DETAIL ? detail : detail.substring(0, MAX_DETAIL));
  }

  /** The command ended by itself. */
  static Outcome ended(ExecEnd end, Shape shape) {
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

  /** The guest did not get as far as running the command. */
  static AttemptFault notStarted(
      Stage stage, GuestException failure, Duration limit, String diagnostics, String console) {
    var code =
        switch (failure.kind()) {
          case VIOLATION -> FaultCode.GUEST_PROTOCOL;
          case SETUP_FAILED -> FaultCode.GUEST_SETUP_FAILED;
          case EXEC_FAILED -> FaultCode.COMMAND_NOT_STARTED;
          case TIMEOUT ->
              switch (stage) {
                case ANSWER -> FaultCode.BOOT_TIMEOUT;
                case SETUP -> FaultCode.GUEST_SETUP_FAILED;
                case START -> FaultCode.GUEST_DIED;
              };
          case GONE ->
              switch (stage) {
                case ANSWER -> FaultCode.BOOT_FAILED;
                case SETUP, START -> FaultCode.GUEST_DIED;
              };
        };
    var detail =
        switch (failure.kind()) {
          case VIOLATION -> "the guest broke the protocol: " + failure.getMessage();
          case SETUP_FAILED -> "the guest could not be set up: " + failure.getMessage();
          case EXEC_FAILED -> "the command could not be started: " + failure.getMessage();
          case TIMEOUT ->
              switch (stage) {
                case ANSWER -> "the guest did not answer within " + seconds(limit);
                case SETUP -> "the guest was not set up within " + seconds(limit);
                case START -> "the guest did not start the command within " + seconds(limit);
              };
          case GONE ->
              switch (stage) {
                case ANSWER -> "the microVM ended before its guest answered";
                case SETUP -> "the microVM ended while its guest was set up";
                case START -> "the microVM ended while the command was started";
              };
        };
    // A command that is not there says nothing about the guest.
    return failure.kind() == GuestException.Kind.EXEC_FAILED
        ? new AttemptFault(code, detail, failure)
        : new AttemptFault(code, withDiagnostics(detail, diagnostics), failure, console);
  }

  /** The guest was lost while the command ran. */
  static Outcome.Faulted lost(GuestException failure, OptionalInt exitCode, String diagnostics) {
    if (failure.kind() == GuestException.Kind.VIOLATION) {
      return fault(
          FaultCode.GUEST_PROTOCOL, "the guest broke the protocol: " + failure.getMessage());
    }
    String detail;
    if (exitCode.isEmpty()) {
      detail = "the guest was lost while the job ran: " + failure.getMessage();
    } else if (exitCode.getAsInt() == 0) {
      // VMMs are told not to reboot, so both a panic and a power-off end them in good order.
      detail = "the guest's kernel panicked or powered off while the job ran";
    } else {
      detail = "the VMM ended with code " + exitCode.getAsInt() + " while the job ran";
    }
    return fault(FaultCode.GUEST_DIED, withDiagnostics(detail, diagnostics));
  }

  static String withDiagnostics(String detail, String diagnostics) {
    return diagnostics.isBlank() ? detail : detail + "; the VMM said: " + diagnostics.strip();
  }

  static String seconds(Duration duration) {
    return duration.toSeconds() + " s";
  }
}
