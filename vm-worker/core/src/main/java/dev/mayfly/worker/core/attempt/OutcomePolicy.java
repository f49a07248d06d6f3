package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.worker.core.exec.ExecPolicy;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import java.time.Duration;
import java.util.OptionalInt;

/** Decides what an end means: which outcome, which fault code, and how people are told. Pure. */
final class OutcomePolicy {
  /** How Linux says it. */
  private static final String PANIC = "Kernel panic";

  private OutcomePolicy() {}

  /** Which step the guest failed at. */
  enum Stage {
    /** It had run before this worker process, and is asked whether it is there. */
    ADOPT,
    ANSWER,
    SETUP,
    START
  }

  static Outcome.Faulted fault(FaultCode code, String detail) {
    return ExecPolicy.fault(code, detail);
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
                case ADOPT -> FaultCode.GUEST_DIED;
                case ANSWER -> FaultCode.BOOT_TIMEOUT;
                case SETUP -> FaultCode.GUEST_SETUP_FAILED;
                case START -> FaultCode.GUEST_DIED;
              };
          case GONE ->
              switch (stage) {
                case ANSWER -> FaultCode.BOOT_FAILED;
                case ADOPT, SETUP, START -> FaultCode.GUEST_DIED;
              };
        };
    var detail =
        switch (failure.kind()) {
          case VIOLATION -> "the guest broke the protocol: " + failure.getMessage();
          case SETUP_FAILED -> "the guest could not be set up: " + failure.getMessage();
          case EXEC_FAILED -> "the command could not be started: " + failure.getMessage();
          case TIMEOUT ->
              switch (stage) {
                case ADOPT ->
                    "the guest did not answer the restarted worker within " + seconds(limit);
                case ANSWER -> "the guest did not answer within " + seconds(limit);
                case SETUP -> "the guest was not set up within " + seconds(limit);
                case START -> "the guest did not start the command within " + seconds(limit);
              };
          case GONE ->
              switch (stage) {
                case ADOPT -> "the microVM ended while the restarted worker greeted its guest";
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

  /**
   * The guest was lost while the job ran.
   *
   * @param exitCode of the VMM; empty: it lives
   * @param console what the guest's kernel said last
   */
  static Outcome.Faulted lost(
      GuestException failure, OptionalInt exitCode, String diagnostics, String console) {
    if (failure.kind() == GuestException.Kind.VIOLATION) {
      return fault(
          FaultCode.GUEST_PROTOCOL, "the guest broke the protocol: " + failure.getMessage());
    }
    if (exitCode.isEmpty()) {
      return fault(
          FaultCode.GUEST_DIED,
          withDiagnostics(
              "the guest was lost while the job ran: " + failure.getMessage(), diagnostics));
    }
    int code = exitCode.getAsInt();
    // VMMs are told not to reboot, so both a panic and a power-off end them in good order.
    if (code == 0 || code == RunningMicroVm.UNKNOWN_EXIT && console.contains(PANIC)) {
      return fault(
          FaultCode.GUEST_PANIC,
          withDiagnostics(
              "the guest's kernel panicked or powered off while the job ran", diagnostics));
    }
    var how =
        code == RunningMicroVm.UNKNOWN_EXIT
            ? "the VMM ended while the job ran; with which code is not known, because the worker"
                + " was restarted since the VMM began"
            : "the VMM ended with code " + code + " while the job ran";
    return fault(FaultCode.VMM_DIED, withDiagnostics(how, diagnostics));
  }

  static String withDiagnostics(String detail, String diagnostics) {
    return diagnostics.isBlank() ? detail : detail + "; the VMM said: " + diagnostics.strip();
  }

  static String seconds(Duration duration) {
    return duration.toSeconds() + " s";
  }
}
