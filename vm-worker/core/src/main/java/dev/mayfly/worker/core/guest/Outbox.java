package dev.mayfly.worker.core.guest;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Frames on their way to the guest. Bounded, because a guest may stop reading: whoever sends waits
 * here with a timeout instead of inside a write. Acknowledgements of one stream replace each other
 * and go first. Thread-safe.
 */
final class Outbox {
  /** Full EXEC_SPEC frames: 2 MiB, so that the largest specification passes without a wait. */
  private static final int CAPACITY_FRAMES = 32;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition filled = lock.newCondition();
  private final Condition drained = lock.newCondition();
  private final ArrayDeque<byte[]> frames = new ArrayDeque<>();

  /** At most one per stream of an exec, so at most twice the number of execs. */
  private final Map<Long, HostMessage.OutputAck> acknowledgements = new LinkedHashMap<>();

  private boolean closed;

  /**
   * Queues a frame.
   *
   * @param deadlineNanos of {@link System#nanoTime}
   * @return false when there was no room in time
   */
  boolean offer(byte[] frame, long deadlineNanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (frames.size() >= CAPACITY_FRAMES && !closed) {
        long remaining = deadlineNanos - System.nanoTime();
        if (remaining <= 0) {
          return false;
        }
        drained.awaitNanos(remaining);
      }
      if (!closed) {
        frames.add(frame);
        filled.signal();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Never blocks. */
  void acknowledge(HostMessage.OutputAck ack) {
    lock.lock();
    try {
      acknowledgements.put((long) ack.execId() << 2 | ack.stream().wire(), ack);
      filled.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes what to write next; blocks until there is something.
   *
   * @return null when closed
   */
  byte @Nullable [] take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (frames.isEmpty() && acknowledgements.isEmpty() && !closed) {
        // A wake-up per minute costs nothing and keeps every wait finite.
        filled.await(1, TimeUnit.MINUTES);
      }
      if (closed) {
        return null;
      }
      Iterator<HostMessage.OutputAck> acks = acknowledgements.values().iterator();
      if (acks.hasNext()) {
        HostMessage.OutputAck ack = acks.next();
        acks.remove();
        return GuestFrameCodec.encode(ack);
      }
      drained.signal();
      return frames.remove();
    } finally {
      lock.unlock();
    }
  }

  /** What is queued is dropped; whoever waits goes on. */
  void close() {
    lock.lock();
    try {
      closed = true;
      frames.clear();
      acknowledgements.clear();
      filled.signalAll();
      drained.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
