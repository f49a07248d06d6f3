package dev.mayfly.server.blobs;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.core.image.BlobStore;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Counts and digests bytes as they come. Used by one thread at a time. */
final class BlobCheck {
  private final BlobDigest expected;
  private final long size;
  private final MessageDigest digest = sha256();
  private long count;
  private boolean tooMany;

  BlobCheck(BlobDigest expected, long size) {
    this.expected = expected;
    this.size = size;
  }

  /** False when there are more bytes than were announced; these are not to be kept then. */
  boolean take(byte[] bytes, int offset, int length) {
    if (tooMany || length > size - count) {
      tooMany = true;
      return false;
    }
    digest.update(bytes, offset, length);
    count += length;
    return true;
  }

  long count() {
    return count;
  }

  /** Of all that came; to be asked once. */
  BlobStore.Upload.Result result() {
    if (tooMany || count != size) {
      return BlobStore.Upload.Result.WRONG_SIZE;
    }
    return HexFormat.of().formatHex(digest.digest()).equals(expected.hex())
        ? BlobStore.Upload.Result.STORED
        : BlobStore.Upload.Result.WRONG_DIGEST;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException("every Java platform has SHA-256", missing);
    }
  }
}
