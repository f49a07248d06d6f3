package dev.mayfly.image.disk;

/** A disk image is not taken; the message says what is wrong with it and what to do. */
public final class DiskRefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  DiskRefusedException(String message) {
    super(message);
  }
}
