package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import org.jspecify.annotations.Nullable;

/** A step towards the running command failed; the message is the fault's detail, for people. */
final class AttemptFault extends Exception {
  private static final long serialVersionUID = 1L;

  private final FaultCode code;

  AttemptFault(FaultCode code, String detail, @Nullable Throwable cause) {
    super(detail, cause);
    this.code = code;
  }

  Outcome.Faulted outcome() {
    return OutcomePolicy.fault(code, String.valueOf(getMessage()));
  }
}
