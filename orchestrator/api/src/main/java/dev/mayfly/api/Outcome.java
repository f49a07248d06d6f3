package dev.mayfly.api;

/**
 * How an attempt, and with its last attempt the job, ended. Exit code 1 is an outcome, not an
 * error.
 */
public sealed interface Outcome {

  /**
   * The command ended by itself.
   *
   * @param code 0 to 255; 128 + n when it was ended by signal n
   */
  record Exited(int code) implements Outcome {
    public Exited {
      if (code < 0 || code > 255) {
        throw new IllegalArgumentException("exit code is " + code + ", must be 0 to 255");
      }
    }
  }

  /**
   * We could not finish it.
   *
   * @param detail one sentence for people; never guest output
   */
  record Faulted(FaultCode code, String detail) implements Outcome {}

  /** A user cancelled it. */
  record Cancelled() implements Outcome {}
}
