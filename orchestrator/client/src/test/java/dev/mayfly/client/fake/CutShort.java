package dev.mayfly.client.fake;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Lets so many bytes through, then breaks as a connection does; what went through arrives. */
final class CutShort extends FilterOutputStream {
  private final boolean cleanly;
  private int remaining;

  CutShort(OutputStream out, int limit) {
    super(out);
    this.remaining = limit;
    this.cleanly = limit % 2 == 0;
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    int allowed = Math.min(length, remaining);
    out.write(bytes, offset, allowed);
    remaining -= allowed;
    if (allowed < length) {
      out.flush();
      throw new Cut(cleanly);
    }
  }

  /** The break that was ordered. */
  static final class Cut extends IOException {
    private static final long serialVersionUID = 1L;

    private final boolean cleanly;

    Cut(boolean cleanly) {
      super("cut short, as ordered");
      this.cleanly = cleanly;
    }

    boolean cleanly() {
      return cleanly;
    }
  }
}
