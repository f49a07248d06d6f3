package dev.mayfly.core.image;

import dev.mayfly.api.BlobDigest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/** A {@link BlobStore} in a map. */
public final class InMemoryBlobStore implements BlobStore {

  private record Blob(byte[] bytes, Instant at) {}

  private final TreeMap<String, Blob> blobs = new TreeMap<>();
  private final InstantSource clock;

  public InMemoryBlobStore(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public synchronized OptionalLong size(BlobDigest digest) {
    Blob blob = blobs.get(digest.value());
    return blob == null ? OptionalLong.empty() : OptionalLong.of(blob.bytes().length);
  }

  @Override
  public synchronized Optional<InputStream> open(BlobDigest digest, long offset) {
    return Optional.ofNullable(blobs.get(digest.value()))
        .map(blob -> {
          int from = Math.toIntExact(offset);
          return new ByteArrayInputStream(blob.bytes(), from, blob.bytes().length - from);
        });
  }

  @Override
  public Upload begin(BlobDigest digest, long sizeBytes) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    return new Upload() {
      @Override
      public void write(byte[] bytes, int offset, int length) {
        all.write(bytes, offset, length);
      }

      @Override
      public Result finish() {
        byte[] bytes = all.toByteArray();
        if (bytes.length != sizeBytes) {
          return Result.WRONG_SIZE;
        }
        if (!digest(bytes).equals(digest)) {
          return Result.WRONG_DIGEST;
        }
        put(digest, bytes);
        return Result.STORED;
      }

      @Override
      public void close() {}
    };
  }

  /** The digest of these bytes. */
  public static BlobDigest digest(byte[] bytes) {
    try {
      byte[] sum = MessageDigest.getInstance("SHA-256").digest(bytes);
      return new BlobDigest("sha256:" + HexFormat.of().formatHex(sum));
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException("every Java platform has SHA-256", missing);
    }
  }

  private synchronized void put(BlobDigest digest, byte[] bytes) {
    blobs.put(digest.value(), new Blob(bytes, clock.instant()));
  }

  @Override
  public synchronized void delete(BlobDigest digest) {
    blobs.remove(digest.value());
  }

  @Override
  public synchronized List<Stored> list(Optional<BlobDigest> after, int limit) {
    return blobs.tailMap(after.map(BlobDigest::value).orElse(""), false).entrySet().stream()
        .limit(limit)
        .map(entry ->
            new Stored(
                new BlobDigest(entry.getKey()),
                entry.getValue().bytes().length,
                entry.getValue().at()))
        .toList();
  }

  @Override
  public void removeLeftovers(Instant before) {}
}
