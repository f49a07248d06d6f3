package dev.mayfly.cli;

import dev.mayfly.api.rest.OutcomeView;

/** What the command answers to the shell where it is not the job's own exit code. */
enum ExitCode {
  OK(0, "done"),
  USAGE(2, "wrong usage"),
  REFUSED(120, "the request was refused: unknown image, impossible shape, no such job"),
  UNREACHABLE(121, "the orchestrator cannot be reached, or refused the token"),
  CANCELLED(122, "somebody else cancelled the job"),
  USER_FAULT(123, "the job was ended for what it did: OUT_OF_MEMORY, DISK_FULL"),
  JOB_TIMEOUT(124, "the job ran longer than its --timeout"),
  FAULT(125, "Mayfly could not finish the job or the command: no room, or a breakage"),
  COMMAND_NOT_STARTED(127, "the command could not be started in the guest"),
  INTERRUPTED(130, "you cancelled the job (Ctrl-C, SIGTERM, SIGHUP)"),
  OUTPUT_CLOSED(141, "the reader of our output went away; a job that ran was cancelled");

  private final int code;
  private final String meaning;

  ExitCode(int code, String meaning) {
    this.code = code;
    this.meaning = meaning;
  }

  int code() {
    return code;
  }

  String meaning() {
    return meaning;
  }

  /** The exit code for a job that ended so; compares names, as a newer server may know more. */
  static int of(OutcomeView outcome) {
    return switch (outcome.kind()) {
      case "EXITED" -> outcome.exitCode() == null ? FAULT.code : outcome.exitCode();
      case "CANCELLED" -> CANCELLED.code;
      default -> ofFault(String.valueOf(outcome.faultCode()), String.valueOf(outcome.blame())).code;
    };
  }

  private static ExitCode ofFault(String faultCode, String blame) {
    return switch (faultCode) {
      case "JOB_TIMEOUT", "EXEC_TIMEOUT" -> JOB_TIMEOUT;
      case "COMMAND_NOT_STARTED" -> COMMAND_NOT_STARTED;
      default -> blame.equals("USER") ? USER_FAULT : FAULT;
    };
  }
}
