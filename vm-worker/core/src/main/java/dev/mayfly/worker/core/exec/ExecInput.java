package dev.mayfly.worker.core.exec;

import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Input of one exec that came and is not with the guest yet: {@link Execs#INPUT_WINDOW_BYTES} at
 * most. Thread-safe; one thread takes.
 */
final class ExecInput {
  /** A window in pieces of 4 KiB. */
  private static final int MAX_EARLY = 64;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
  private final Queue<Piece> early = new ArrayDeque<>();

  /** Offset of the next byte wanted; unknown while an earlier worker's exec is not taken up. */
  private OptionalLong next = OptionalLong.empty();

  /** How much the process has; unknown likewise. */
  private OptionalLong taken = OptionalLong.empty();

  private boolean ended;
  private boolean endGiven;
  private boolean closed;

  /** Came before it was known what the guest has. */
  @SuppressWarnings("ArrayRecordComponent") // handed on once; compared by nobody
  private record Piece(long offset, byte[] data, boolean end) {}

  /**
   * What to do next.
   *
   * @param data perhaps empty
   * @param end nothing follows
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on once; compared by nobody
  record Part(byte[] data, boolean end) {}

  /** The guest has everything before this; what came before that was known is looked at. */
  void begin(long accepted, boolean takenIsKnown) {
    lock.lock();
    try {
      next = OptionalLong.of(accepted);
      if (takenIsKnown) {
        taken = OptionalLong.of(accepted);
      }
      for (var piece = early.poll(); piece != null; piece = early.poll()) {
        add(piece.offset(), piece.data(), piece.end());
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes a piece as far as it is wanted.
   *
   * @return false when it leaves a gap or goes beyond its limit, and was not taken
   */
  boolean add(long offset, byte[] data, boolean end) {
    lock.lock();
    try {
      if (closed || ended) {
        return true;
      }
      if (next.isEmpty()) {
        return keep(new Piece(offset, data, end));
      }
      long wanted = next.getAsLong();
      long dataEnd = offset + data.length;
      if (offset > wanted || dataEnd > taken.orElse(wanted) + Execs.INPUT_WINDOW_BYTES) {
        return false;
      }
      if (dataEnd > wanted) {
        int known = (int) (wanted - offset);
        waiting.write(data, known, data.length - known);
        next = OptionalLong.of(dataEnd);
      }
      ended = end && dataEnd >= wanted;
      changed.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  private boolean keep(Piece piece) {
    long kept = early.stream().mapToLong(known -> known.data().length).sum();
    boolean fits =
        early.size() < MAX_EARLY && kept + piece.data().length <= Execs.INPUT_WINDOW_BYTES;
    if (fits) {
      early.add(piece);
    }
    return fits;
  }

  /** Waits for something to give to the guest; empty when nothing more will come. */
  Optional<Part> await() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (waiting.size() == 0 && !ended && !closed) {
        // As long as the orchestrator likes; the exec's end closes this.
        var unused = changed.await(1, TimeUnit.MINUTES);
      }
      if (closed || endGiven) {
        return Optional.empty();
      }
      var part = new Part(waiting.toByteArray(), ended);
      waiting.reset();
      endGiven = ended;
      return Optional.of(part);
    } finally {
      lock.unlock();
    }
  }

  /** Whether something waits to be given to the guest. */
  boolean isWaiting() {
    lock.lock();
    try {
      return waiting.size() > 0 || ended && !endGiven || closed;
    } finally {
      lock.unlock();
    }
  }

  /** The process has everything before this. */
  void taken(long offset) {
    lock.lock();
    try {
      taken = OptionalLong.of(Math.max(offset, taken.orElse(0)));
    } finally {
      lock.unlock();
    }
  }

  /** How much the process has. */
  OptionalLong taken() {
    lock.lock();
    try {
      return closed ? OptionalLong.empty() : taken;
    } finally {
      lock.unlock();
    }
  }

  /** Nothing is wanted any more. */
  void close() {
    lock.lock();
    try {
      closed = true;
      waiting.reset();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
