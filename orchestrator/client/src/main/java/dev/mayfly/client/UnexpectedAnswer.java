package dev.mayfly.client;

import org.jspecify.annotations.Nullable;

/** What answered does not speak Mayfly's REST v1, or breaks its limits. */
public final class UnexpectedAnswer extends MayflyException {
  private static final long serialVersionUID = 1L;

  public UnexpectedAnswer(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
