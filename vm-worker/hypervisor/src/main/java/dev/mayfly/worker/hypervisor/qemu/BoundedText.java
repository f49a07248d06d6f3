package dev.mayfly.worker.hypervisor.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** The last characters of a text of any length. Thread-safe. */
final class BoundedText {
  private static final int READ_BYTES = 4096;

  private final int limit;
  private final StringBuilder text = new StringBuilder();

  BoundedText(int limit) {
    this.limit = limit;
  }

  /** Reads to the end, so that the writer never blocks. */
  void drain(InputStream in) {
    byte[] buffer = new byte[READ_BYTES];
    try (in) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        append(new String(buffer, 0, read, StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      // The other end is gone, which is an end as good as any.
    }
  }

  synchronized void append(String more) {
    text.append(more);
    if (text.length() > limit) {
      text.delete(0, text.length() - limit);
    }
  }

  @Override
  public synchronized String toString() {
    return text.toString();
  }
}
