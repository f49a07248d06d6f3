package dev.mayfly.worker.core.undo;

/** Some steps of an {@link Undo} failed; each failure is a suppressed exception. */
public final class UndoException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UndoException(String message) {
    super(message);
  }
}
