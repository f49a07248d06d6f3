package dev.mayfly.db;

import org.jspecify.annotations.Nullable;

/**
 * The database could not be had. The message is one line for the person who started Mayfly: it says
 * what is wrong and, where there is something to do, what.
 */
public final class DatabaseException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DatabaseException(String message) {
    super(message);
  }

  public DatabaseException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
