package dev.mayfly.client;

import org.jspecify.annotations.Nullable;

/** There is no token to send, or it is not one; the message says what to do. */
public final class TokenUnavailable extends MayflyException {
  private static final long serialVersionUID = 1L;

  public TokenUnavailable(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
