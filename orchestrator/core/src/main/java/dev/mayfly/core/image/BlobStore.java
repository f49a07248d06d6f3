package dev.mayfly.core.image;

import dev.mayfly.api.BlobDigest;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Port: where the files of bundles are kept, each under its digest. A blob is there as a whole or
 * not at all. Safe for use by several threads and several orchestrators; every call may block.
 */
public interface BlobStore {

  /** A stored blob. */
  record Stored(BlobDigest digest, long sizeBytes, Instant storedAt) {}

  /** The size of a blob in bytes; empty when it is not stored. */
  OptionalLong size(BlobDigest digest) throws IOException;

  /**
   * The bytes of a blob from an offset to its end; the caller closes it. Empty when it is not
   * stored.
   *
   * @param offset 0 to its size
   */
  Optional<InputStream> open(BlobDigest digest, long offset) throws IOException;

  /**
   * Begins to store a blob; nobody sees it before {@link Upload#finish}. Several may store the same
   * one at once.
   *
   * @param sizeBytes at least 1
   */
  Upload begin(BlobDigest digest, long sizeBytes) throws IOException;

  /** Removes a blob. Idempotent. */
  void delete(BlobDigest digest) throws IOException;

  /** At most {@code limit} blobs whose digest follows {@code after}, by digest. */
  List<Stored> list(Optional<BlobDigest> after, int limit) throws IOException;

  /** Removes what uploads left behind that ended by a crash before this instant. */
  void removeLeftovers(Instant before) throws IOException;

  /** A blob on its way; used by one thread at a time. */
  interface Upload extends AutoCloseable {

    /** What became of it. */
    enum Result {
      STORED,
      /** The bytes are not those of the digest. */
      WRONG_DIGEST,
      /** Fewer or more bytes came than were announced. */
      WRONG_SIZE
    }

    /** Takes some more bytes; what is beyond the announced size is not kept. */
    void write(byte[] bytes, int offset, int length) throws IOException;

    /** Checks all that was written, and stores it durably when it is right. */
    Result finish() throws IOException;

    /** Gives up what has not been finished. */
    @Override
    void close();
  }
}
