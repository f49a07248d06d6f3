package dev.mayfly.client;

import org.jspecify.annotations.Nullable;

/** The orchestrator cannot be reached, or stopped answering. */
public final class Unreachable extends MayflyException {
  private static final long serialVersionUID = 1L;

  private final String reason;
  private final String advice;

  /**
   * @param reason one line, for example {@code connection refused}
   * @param advice what to do, for example {@code is it running? start it with ./mayfly up}
   */
  public Unreachable(String address, String reason, String advice, @Nullable Throwable cause) {
    super("no orchestrator at " + address + ": " + reason + "; " + advice, cause);
    this.reason = reason;
    this.advice = advice;
  }

  public String reason() {
    return reason;
  }

  public String advice() {
    return advice;
  }
}
