package dev.mayfly.cli;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Standard output or standard error takes no more. */
final class OutputClosed extends IOException {
  private static final long serialVersionUID = 1L;

  OutputClosed(IOException cause) {
    super(cause.getMessage() == null ? cause.toString() : cause.getMessage(), cause);
  }

  /**
   * Whether just the reader went away, as {@code head} does, which is nothing to complain about.
   */
  boolean isBrokenPipe() {
    return isBrokenPipe(getMessage());
  }

  private static boolean isBrokenPipe(@Nullable String message) {
    return message != null && message.contains("Broken pipe");
  }
}
