package dev.mayfly.worker.core.guest;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * One connection to the byte stream of a guest: ordered, reliable, without message borders. One
 * thread may read while another writes; closing from any thread ends both with an IOException or
 * end of stream.
 */
public interface GuestChannel extends Closeable {

  /** Reads at least one byte into the buffer; -1 at the end of the stream. Blocks. */
  int read(ByteBuffer into) throws IOException;

  /** Writes all that remains in the buffer. Blocks while the other side does not read. */
  void write(ByteBuffer from) throws IOException;
}
