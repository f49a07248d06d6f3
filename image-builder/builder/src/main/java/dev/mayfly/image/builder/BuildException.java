package dev.mayfly.image.builder;

import org.jspecify.annotations.Nullable;

/**
 * An image was not built. The message is for the person who asked for it: one sentence on what is
 * wrong, and one on what to do where that is known. Nothing half-built is left behind.
 */
public final class BuildException extends Exception {
  private static final long serialVersionUID = 1L;

  BuildException(String message) {
    this(message, null);
  }

  BuildException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
