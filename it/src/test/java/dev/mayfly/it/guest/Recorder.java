package dev.mayfly.it.guest;

import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSession.OutputSink;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Keeps both streams and checks that offsets have neither gaps nor repeats; may hold back the last
 * bytes of each until it ends. Thread-safe.
 */
final class Recorder implements OutputSink {
  private final int most;
  private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
  private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
  private final byte[][] held = {new byte[0], new byte[0]};

  Recorder() {
    this(0);
  }

  /**
   * @param most how many bytes of a stream are held back
   */
  Recorder(int most) {
    this.most = most;
  }

  @Override
  public synchronized long output(GuestStream stream, long offset, byte[] data) {
    ByteArrayOutputStream into = of(stream);
    byte[] before = held[stream.ordinal()];
    if (offset != into.size() + before.length) {
      throw new IllegalStateException(
          "offset " + offset + " where " + (into.size() + before.length) + " was due");
    }
    byte[] all = Arrays.copyOf(before, before.length + data.length);
    System.arraycopy(data, 0, all, before.length, data.length);
    int safe = Math.max(0, all.length - most);
    into.write(all, 0, safe);
    held[stream.ordinal()] = Arrays.copyOfRange(all, safe, all.length);
    return into.size();
  }

  @Override
  public synchronized void ended(GuestStream stream, long offset) {
    of(stream).writeBytes(held[stream.ordinal()]);
    held[stream.ordinal()] = new byte[0];
    if (offset != of(stream).size()) {
      throw new IllegalStateException("end " + offset + " where " + of(stream).size() + " was due");
    }
  }

  /** As a worker that restarts: what was not safe is gone. */
  synchronized void forgetHeld() {
    Arrays.fill(held, new byte[0]);
  }

  synchronized long safe(GuestStream stream) {
    return of(stream).size();
  }

  synchronized byte[] bytes(GuestStream stream) {
    return of(stream).toByteArray();
  }

  String text(GuestStream stream) {
    return new String(bytes(stream), StandardCharsets.UTF_8);
  }

  private ByteArrayOutputStream of(GuestStream stream) {
    return stream == GuestStream.STDOUT ? stdout : stderr;
  }
}
