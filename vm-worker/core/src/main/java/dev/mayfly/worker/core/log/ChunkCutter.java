package dev.mayfly.worker.core.log;

import dev.mayfly.api.LogStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides to which chunk each byte of output belongs. Pure: no clock, no I/O; not thread-safe.
 *
 * <p>A chunk is open while more may be added to it. It is cut when it is full, when another stream
 * speaks (so that chunks keep the order in which the worker saw the output), or when its owner says
 * so because it has been open for long enough.
 */
final class ChunkCutter {
  private long lastSequence;
  private @Nullable LogStream openStream;
  private int openBytes;

  /**
   * A part of some output and the chunk it belongs to.
   *
   * @param first it opens the chunk
   */
  record Placed(long sequence, LogStream stream, int from, int length, boolean first) {}

  /** Places {@code length} more bytes of a stream. */
  List<Placed> place(LogStream stream, int length) {
    if (openStream != null && openStream != stream) {
      cut();
    }
    var placed = new ArrayList<Placed>();
    int from = 0;
    while (from < length) {
      boolean first = openStream == null;
      if (first) {
        lastSequence++;
        openStream = stream;
        openBytes = 0;
      }
      int part = Math.min(length - from, LogChunk.MAX_BYTES - openBytes);
      placed.add(new Placed(lastSequence, stream, from, part, first));
      from += part;
      openBytes += part;
      if (openBytes == LogChunk.MAX_BYTES) {
        cut();
      }
    }
    return placed;
  }

  /** Nothing more is added to the open chunk. Idempotent. */
  void cut() {
    openStream = null;
  }

  /** The last chunk to which nothing is added any more; 0 before the first. */
  long lastCut() {
    return openStream == null ? lastSequence : lastSequence - 1;
  }

  /** The chunk that is open; 0 when none is. */
  long open() {
    return openStream == null ? 0 : lastSequence;
  }
}
