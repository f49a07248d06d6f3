package dev.mayfly.worker.daemon.link;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** "There may be work": many nudges before a look are one. Thread-safe; one thread awaits. */
public final class Nudge {
  private final Semaphore given = new Semaphore(0);

  public void give() {
    // Two threads may both see none and give two: one look too many, which is harmless.
    if (given.availablePermits() == 0) {
      given.release();
    }
  }

  /** Waits for a nudge, at most this long; takes all that have been given. */
  void await(Duration atMost) throws InterruptedException {
    if (given.tryAcquire(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
      given.drainPermits();
    }
  }
}
