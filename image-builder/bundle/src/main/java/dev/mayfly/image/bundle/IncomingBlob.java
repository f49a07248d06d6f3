package dev.mayfly.image.bundle;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * A blob on its way into a {@link BlobStore}: its bytes are digested as they come. Closed without
 * {@link #commit}, what has come is kept, and the next {@link BlobStore#receive} goes on from
 * there. For one thread at a time.
 */
public final class IncomingBlob implements AutoCloseable {
  private final Path partial;
  private final Path target;
  private final Sha256 digest;
  private final long size;
  private final FileChannel channel;
  private final MessageDigest actual;
  private final Runnable closed;
  private long received;

  /**
   * Digests what the partial file has already.
   *
   * @param channel of the partial file, locked; closed by this
   * @param closed called once, when the partial file is nobody's again
   */
  IncomingBlob(
      Path partial, Path target, Sha256 digest, long size, FileChannel channel, Runnable closed)
      throws IOException {
    this.partial = partial;
    this.target = target;
    this.digest = digest;
    this.size = size;
    this.channel = channel;
    this.closed = closed;
    this.actual = Sha256.algorithm();
    if (channel.size() > size) {
      channel.truncate(0);
    }
    ByteBuffer buffer = ByteBuffer.allocate(Sha256.READ_BYTES);
    while (channel.read(buffer.clear()) >= 0) {
      received += buffer.position();
      actual.update(buffer.flip());
    }
  }

  /** Bytes that are here: where to go on. */
  public long received() {
    return received;
  }

  /** Bytes it will have in all. */
  public long size() {
    return size;
  }

  /**
   * Takes the next bytes.
   *
   * @throws BlobRefusedException when these are more than it has; nothing of it is kept
   */
  public void write(ByteBuffer data) throws IOException {
    if (data.remaining() > size - received) {
      discard();
      throw new BlobRefusedException(
          "blob " + digest + " is longer than the " + size + " bytes it should have");
    }
    received += data.remaining();
    actual.update(data.duplicate());
    DurableFiles.writeFully(channel, data);
  }

  /**
   * Checks it, and makes it a blob of the store, durably.
   *
   * @throws BlobRefusedException when the bytes are not those of the digest; nothing of it is kept
   */
  public void commit() throws IOException {
    if (received != size) {
      throw new BlobRefusedException(
          "blob " + digest + " ended after " + received + " of " + size + " bytes");
    }
    Sha256 found = new Sha256(HexFormat.of().formatHex(actual.digest()));
    if (!found.equals(digest)) {
      discard();
      throw new BlobRefusedException("blob " + digest + " came with the bytes of " + found);
    }
    channel.force(true);
    DurableFiles.makeReadable(partial);
    DurableFiles.move(partial, target);
  }

  /** Removes what has come; the next attempt begins anew. */
  public void discard() throws IOException {
    Files.deleteIfExists(partial);
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      closed.run();
    }
  }
}
