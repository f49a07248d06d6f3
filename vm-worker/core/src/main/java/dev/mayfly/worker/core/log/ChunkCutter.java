package dev.mayfly.worker.core.log;

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
  private @Nullable ExecStream openStream;
  private int openBytes;

  /** A part of some output and the chunk it belongs to. */
  record Placed(long sequence, int from, int length) {}

  /** Places {@code length} more bytes of a stream. */
  List<Placed> place(ExecStream stream, int length) {
    if (openStream != null && !openStream.equals(stream)) {
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
      placed.add(new Placed(lastSequence, from, part));
      from += part;
      openBytes += part;
      if (openBytes == LogChunk.MAX_BYTES) {
        cut();
      }
    }
    return placed;
  }

  /** Goes on behind this chunk, to which nothing is added: what was placed later is not there. */
  void resume(long last) {
    openStream = null;
    lastSequence = last;
  }

  /** How many bytes of a stream have room in one chunk now. */
  int room(ExecStream stream) {
    return stream.equals(openStream) ? LogChunk.MAX_BYTES - openBytes : LogChunk.MAX_BYTES;
  }

  /** Nothing more is added to the open chunk. Idempotent. */
  void cut() {
    openStream = null;
  }

  /** The last chunk to which nothing is added any more; 0 before the first. */
  long lastCut() {
    return openStream == null ? lastSequence : lastSequence - 1;
  }

  /** The last chunk that has anything in it; 0 before the first. */
  long last() {
    return lastSequence;
  }

  /** The chunk that is open; 0 when none is. */
  long open() {
    return openStream == null ? 0 : lastSequence;
  }
}
