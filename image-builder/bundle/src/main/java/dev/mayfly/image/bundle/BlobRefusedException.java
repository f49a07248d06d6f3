package dev.mayfly.image.bundle;

import java.io.IOException;

/**
 * The bytes of a blob are not those of its digest, or not that many; nothing of it was kept. The
 * message says what differs.
 */
public final class BlobRefusedException extends IOException {
  private static final long serialVersionUID = 1L;

  BlobRefusedException(String message) {
    super(message);
  }
}
