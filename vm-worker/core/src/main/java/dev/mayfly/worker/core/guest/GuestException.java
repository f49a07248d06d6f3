package dev.mayfly.worker.core.guest;

/**
 * A guest did not do what was asked. The message is fit for people and holds no guest output but
 * the agent's own words, cut.
 */
public final class GuestException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Kind {
    /** A step of the setup failed in the guest. */
    SETUP_FAILED,
    /** The command could not be started. */
    EXEC_FAILED,
    /** No answer in time. */
    TIMEOUT,
    /** The guest sent what is not the protocol. */
    VIOLATION,
    /** The stream ended. */
    GONE
  }

  private final Kind kind;

  public GuestException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
