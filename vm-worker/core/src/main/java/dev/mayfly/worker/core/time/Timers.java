package dev.mayfly.worker.core.time;

import java.time.Duration;

/**
 * Port to the monotonic clock and to timers on it. Thread-safe. Whatever waits in a core waits for
 * a message, and time comes as a message too, so that a test moves time by hand.
 */
public interface Timers {

  /** Nanoseconds on a monotonic clock with an arbitrary origin. */
  long nanoTime();

  /**
   * Runs an action once, later, on the timer thread: it must be short and must not block or throw.
   */
  Timer after(Duration delay, Runnable action);

  /** Time since an earlier {@link #nanoTime}. */
  default Duration since(long earlier) {
    return Duration.ofNanos(nanoTime() - earlier);
  }

  /** One action that has been asked for. */
  interface Timer {
    /** The action does not run after this, unless it runs already. Idempotent. */
    void cancel();
  }
}
