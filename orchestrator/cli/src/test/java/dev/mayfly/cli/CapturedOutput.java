package dev.mayfly.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A stream of ours, kept; breaks with a message where told, and takes bytes only in small bites.
 */
final class CapturedOutput implements WritableByteChannel {
  private static final int BITE = 4099;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private @Nullable String breakage;
  private int breaksAfter;
  private boolean full;

  void breakAfter(int count, String message) {
    breaksAfter = count;
    breakage = message;
  }

  @Override
  public synchronized int write(ByteBuffer from) throws IOException {
    if (breakage != null && bytes.size() >= breaksAfter) {
      throw new IOException(breakage);
    }
    full = !full;
    if (full) {
      return 0; // as a full pipe does that is non-blocking
    }
    byte[] bite = new byte[Math.min(BITE, from.remaining())];
    from.get(bite);
    bytes.writeBytes(bite);
    return bite.length;
  }

  synchronized byte[] bytes() {
    return bytes.toByteArray();
  }

  synchronized String text() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {}
}
