package dev.mayfly.image.bundle;

import java.io.IOException;

/** Somebody else stores this blob at this moment; it may be there soon. */
public final class BlobBusyException extends IOException {
  private static final long serialVersionUID = 1L;

  BlobBusyException(Sha256 digest) {
    super("blob " + digest + " is being stored by somebody else");
  }
}
