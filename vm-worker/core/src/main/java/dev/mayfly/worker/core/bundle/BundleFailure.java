package dev.mayfly.worker.core.bundle;

import org.jspecify.annotations.Nullable;

/** A bundle cannot be booted from; the message is fit for people. */
public final class BundleFailure extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why not. */
  public enum Kind {
    /** Nobody has it. */
    ABSENT,
    /** It could not be fetched, or not in time. */
    PULL_FAILED,
    /** No key that this worker trusts has signed it. */
    UNTRUSTED,
    /** A file of it is not what its digest says; the message names the file. */
    BROKEN
  }

  private final Kind kind;

  public BundleFailure(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
