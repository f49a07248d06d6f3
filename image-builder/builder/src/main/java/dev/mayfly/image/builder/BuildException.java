package dev.mayfly.image.builder;

import org.jspecify.annotations.Nullable;

/**
 * An image was not built. The message is for the person who asked for it: one sentence on what is
 * wrong, and one on what to do where that is known. Nothing half-built is left behind.
 */
public final class BuildException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Blame blame;

  BuildException(String message) {
    this(message, null);
  }

  BuildException(String message, @Nullable Throwable cause) {
    this(Blame.PLATFORM, message, cause);
  }

  BuildException(Blame blame, String message) {
    this(blame, message, null);
  }

  BuildException(Blame blame, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.blame = blame;
  }

  /** Whose fault it is, in the words a job's fault has. */
  public enum Blame {
    /** Of what was asked for: a name that is not there, a broken image or Dockerfile. */
    USER,
    /** Of something outside: a registry, a mirror, the way to them. */
    EXTERNAL,
    /** Of this machine or this program. */
    PLATFORM
  }

  /** Whose fault it is. */
  public Blame blame() {
    return blame;
  }
}
