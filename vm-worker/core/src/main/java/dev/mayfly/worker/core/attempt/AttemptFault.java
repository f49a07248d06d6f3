package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import org.jspecify.annotations.Nullable;

/** A step towards the running command failed; the message is the fault's detail, for people. */
final class AttemptFault extends Exception {
  private static final long serialVersionUID = 1L;

  private final FaultCode code;
  private final String console;

  AttemptFault(FaultCode code, String detail, @Nullable Throwable cause) {
    this(code, detail, cause, "");
  }

  /**
   * A fault of a guest.
   *
   * @param console what its kernel said last; guest output, for the log of the job only
   */
  AttemptFault(FaultCode code, String detail, @Nullable Throwable cause, String console) {
    super(detail, cause);
    this.code = code;
    this.console = console;
  }

  String console() {
    return console;
  }

  Outcome.Faulted outcome() {
    return OutcomePolicy.fault(code, String.valueOf(getMessage()));
  }
}
