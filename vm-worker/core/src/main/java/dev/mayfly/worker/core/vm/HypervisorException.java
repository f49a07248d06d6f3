package dev.mayfly.worker.core.vm;

/** A VMM could not do what was asked; the text is about the VMM alone and fit for people. */
public final class HypervisorException extends Exception {
  private static final long serialVersionUID = 1L;

  public HypervisorException(String message) {
    super(message);
  }

  public HypervisorException(String message, Throwable cause) {
    super(message, cause);
  }
}
