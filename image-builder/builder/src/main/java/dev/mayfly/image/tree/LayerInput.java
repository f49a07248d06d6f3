package dev.mayfly.image.tree;

import com.github.luben.zstd.ZstdInputStream;
import dev.mayfly.image.bundle.Sha256;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/** The decompressed bytes of one layer, counted and digested as they go by. */
final class LayerInput implements AutoCloseable {
  private static final int BUFFER = 256 << 10;

  /** What xz's highest preset needs is 65 MiB. */
  private static final int XZ_MEMORY_KIB = 128 << 10;

  private final Layer layer;
  private final Refusals refusals;
  private final FileChannel file;
  private final InputStream in;
  private final boolean plain;
  private final MessageDigest digest;
  private final byte[] skipped = new byte[64 << 10];
  private long position;
  private long allowed;

  /**
   * @param allowed bytes that may come out, more are refused
   */
  LayerInput(Layer layer, Refusals refusals, long allowed)
      throws IOException, TreeRefusedException {
    this.layer = layer;
    this.refusals = refusals;
    this.allowed = allowed;
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
    this.file = FileChannel.open(layer.file(), StandardOpenOption.READ);
    boolean opened = false;
    try {
      InputStream raw = new BufferedInputStream(Channels.newInputStream(file), BUFFER);
      raw.mark(8);
      byte[] magic = raw.readNBytes(6);
      raw.reset();
      this.in = decompressed(raw, magic);
      this.plain = in == raw;
      opened = true;
    } catch (IOException e) {
      throw damaged(e);
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  private static InputStream decompressed(InputStream raw, byte[] magic) throws IOException {
    return switch (HexFormat.of().formatHex(magic)) {
      case String m when m.startsWith("1f8b") -> new GZIPInputStream(raw, BUFFER);
      case String m when m.startsWith("28b52ffd") -> new ZstdInputStream(raw);
      case "fd377a585a00" -> new XZInputStream(raw, XZ_MEMORY_KIB);
      default -> raw;
    };
  }

  /** Whether the bytes lie in the layer's file as they come out of here. */
  boolean isPlain() {
    return plain;
  }

  FileChannel file() {
    return file;
  }

  /** Bytes that came out. */
  long position() {
    return position;
  }

  /** Fewer than asked for only at the end. */
  int read(byte[] into, int offset, int length) throws TreeRefusedException {
    int done = 0;
    try {
      while (done < length) {
        int count = in.read(into, offset + done, length - done);
        if (count < 0) {
          break;
        }
        done += count;
      }
    } catch (IOException e) {
      throw damaged(e);
    }
    digest.update(into, offset, done);
    position += done;
    allowed -= done;
    if (allowed < 0) {
      throw refusals.layer(
          "makes the image larger than the limit once decompressed",
          "use a smaller image; the limit protects this machine's disk");
    }
    return done;
  }

  void readFully(byte[] into) throws TreeRefusedException {
    if (read(into, 0, into.length) < into.length) {
      throw cutOff();
    }
  }

  void skip(long bytes) throws TreeRefusedException {
    for (long rest = bytes; rest > 0; ) {
      int count = (int) Math.min(rest, skipped.length);
      if (read(skipped, 0, count) < count) {
        throw cutOff();
      }
      rest -= count;
    }
  }

  /** Reads what follows the archive's end, and checks the digest of it all. */
  void finish() throws TreeRefusedException {
    while (read(skipped, 0, skipped.length) == skipped.length) {
      // Padding, mostly.
    }
    if (layer.diffId().isPresent()) {
      Sha256 actual = new Sha256(HexFormat.of().formatHex(digest.digest()));
      if (!actual.equals(layer.diffId().get())) {
        throw refusals.layer(
            "unpacks to " + actual + ", but the image's configuration says " + layer.diffId().get(),
            "the image is damaged: pull or save it again");
      }
    }
  }

  TreeRefusedException cutOff() {
    return refusals.layer(
        "is cut off after " + position + " bytes", "copy it again, and check its size");
  }

  private TreeRefusedException damaged(IOException e) {
    return refusals.layer(
        "is damaged or cut off: it cannot be decompressed (" + e.getMessage() + ")",
        "copy it again, and check its size or digest");
  }

  @Override
  public void close() throws IOException {
    in.close();
    file.close();
  }
}
