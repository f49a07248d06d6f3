package dev.mayfly.worker.core.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** One direction of an in-memory byte stream: bounded, and it can break after a number of bytes. */
final class FakePipe {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final byte[] ring;
  private int head;
  private int held;
  private boolean closed;
  private boolean ended;
  private long breakAfter = Long.MAX_VALUE;

  FakePipe(int capacity) {
    ring = new byte[capacity];
  }

  /** Closes itself when so many more bytes have been read. */
  void breakAfter(long bytes) {
    lock.lock();
    try {
      breakAfter = bytes;
    } finally {
      lock.unlock();
    }
  }

  /** Reads at least one byte; -1 when closed (what is left is lost, as in a cut connection). */
  int read(ByteBuffer into) throws IOException {
    lock.lock();
    try {
      while (held == 0 && !closed && !ended) {
        await();
      }
      if (breakAfter == 0 || held == 0) {
        closed = true;
        changed.signalAll();
      }
      if (closed) {
        return -1;
      }
      int count = (int) Math.min(breakAfter, Math.min(held, into.remaining()));
      for (int i = 0; i < count; i++) {
        into.put(ring[head]);
        head = (head + 1) % ring.length;
      }
      held -= count;
      breakAfter -= count;
      changed.signalAll();
      return count;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes all that remains.
   *
   * @throws IOException when closed; the buffer's position says how far it came
   */
  void write(ByteBuffer from) throws IOException {
    lock.lock();
    try {
      while (from.hasRemaining()) {
        while (held == ring.length && !closed) {
          await();
        }
        if (closed) {
          throw new IOException("pipe is closed");
        }
        while (from.hasRemaining() && held < ring.length) {
          ring[(head + held) % ring.length] = from.get();
          held++;
        }
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** The writer is done: what is held can still be read. */
  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void await() throws IOException {
    try {
      if (!changed.await(1, TimeUnit.MINUTES)) {
        throw new IOException("nothing happened in a minute");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
