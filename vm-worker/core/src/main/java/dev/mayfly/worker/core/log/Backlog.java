package dev.mayfly.worker.core.log;

import java.util.ArrayDeque;
import java.util.Deque;

/** Counts what is spooled and not acknowledged. Not thread-safe. */
final class Backlog {
  /** What a chunk is counted for beside its bytes, so that tiny chunks are limited as well. */
  static final long CHUNK_OVERHEAD_BYTES = 512;

  /** The same for what is added to a chunk: a guest may print byte by byte, each a record. */
  static final long RECORD_OVERHEAD_BYTES = 128;

  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private long bytes;

  private record Waiting(long sequence, long bytes) {}

  /** Bytes were added to a chunk: to the last one, or to the next one. */
  void add(long sequence, int length) {
    var last = waiting.peekLast();
    boolean first = last == null || last.sequence() != sequence;
    long added = length + (first ? CHUNK_OVERHEAD_BYTES : RECORD_OVERHEAD_BYTES);
    long before = first ? 0 : waiting.removeLast().bytes();
    waiting.addLast(new Waiting(sequence, before + added));
    bytes += added;
  }

  /** Everything up to this chunk is stored. */
  void acknowledge(long sequence) {
    while (!waiting.isEmpty() && waiting.peekFirst().sequence() <= sequence) {
      bytes -= waiting.removeFirst().bytes();
    }
  }

  long bytes() {
    return bytes;
  }
}
