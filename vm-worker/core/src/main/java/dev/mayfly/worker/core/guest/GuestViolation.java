package dev.mayfly.worker.core.guest;

/** The guest sent what is not the protocol. The text never holds bytes that the guest chose. */
final class GuestViolation extends Exception {
  private static final long serialVersionUID = 1L;

  GuestViolation(String message) {
    super(message);
  }
}
