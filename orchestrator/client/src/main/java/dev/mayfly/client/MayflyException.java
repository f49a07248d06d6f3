package dev.mayfly.client;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A call to the orchestrator did not succeed; the message is one line for people. */
public abstract sealed class MayflyException extends IOException
    permits MayflyProblem, TokenUnavailable, UnexpectedAnswer, Unreachable {
  private static final long serialVersionUID = 1L;

  MayflyException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
