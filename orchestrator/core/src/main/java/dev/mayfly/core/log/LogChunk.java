package dev.mayfly.core.log;

import dev.mayfly.api.LogStream;
import java.nio.ByteBuffer;
import java.time.Instant;

/**
 * A numbered piece of an attempt's log.
 *
 * @param sequence per attempt over all its streams, from 1, without gaps
 * @param data 1 to {@value #MAX_BYTES} bytes; read-only
 * @param exec number of the exec whose output it is; 0: the batch's, or not an exec's
 */
public record LogChunk(long sequence, LogStream stream, Instant at, ByteBuffer data, int exec) {
  public static final int MAX_BYTES = 65536;

  public LogChunk {
    if (sequence < 1) {
      throw new IllegalArgumentException("sequence is " + sequence + ", must be at least 1");
    }
    if (!data.hasRemaining() || data.remaining() > MAX_BYTES) {
      throw new IllegalArgumentException(
          "data is " + data.remaining() + " bytes, must be 1 to " + MAX_BYTES);
    }
    if (exec < 0) {
      throw new IllegalArgumentException("exec is " + exec + ", must be at least 0");
    }
    data = data.asReadOnlyBuffer();
  }

  /** A piece that is no exec's. */
  public LogChunk(long sequence, LogStream stream, Instant at, ByteBuffer data) {
    this(sequence, stream, at, data, 0);
  }

  public int size() {
    return data.remaining();
  }

  /** A copy of the bytes. */
  public byte[] bytes() {
    byte[] bytes = new byte[data.remaining()];
    data.duplicate().get(bytes);
    return bytes;
  }
}
