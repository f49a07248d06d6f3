package dev.mayfly.worker.core.bundle;

/** A bundle is not what its digest says; the message names the file and is fit for people. */
public final class BundleBroken extends Exception {
  private static final long serialVersionUID = 1L;

  public BundleBroken(String message) {
    super(message);
  }

  public BundleBroken(String message, Throwable cause) {
    super(message, cause);
  }
}
