package dev.mayfly.image.bundle;

import java.io.IOException;

/** A bundle cannot be put together, because one of its blobs is not in the store. */
public final class BlobMissingException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String digest;

  BlobMissingException(Sha256 digest, String file) {
    super("blob " + digest + " of the file " + file + " is not in the store");
    this.digest = digest.toString();
  }

  /** The first that is missing. */
  public Sha256 digest() {
    return Sha256.parse(digest);
  }
}
