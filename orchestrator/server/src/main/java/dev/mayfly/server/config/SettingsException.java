package dev.mayfly.server.config;

/** A setting is unknown or wrong; the message says which and what to do. */
public class SettingsException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public SettingsException(String message) {
    super(message);
  }

  public SettingsException(String message, Throwable cause) {
    super(message, cause);
  }
}
