package dev.mayfly.it.simulation;

import dev.mayfly.worker.core.time.Timers;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/**
 * One life of one process: it has threads and timers, can stand still for a while, and can end at
 * any event. What it has started dies with it.
 */
final class SimulatedProcess implements Timers {
  private static final ThreadLocal<SimulatedProcess> CURRENT = new ThreadLocal<>();

  private final String name;
  private final SimulatedTime time;
  private final SimulatedThreads.Starter threads;

  /** Monotonic clocks have an arbitrary origin. */
  private final long origin;

  private boolean alive = true;
  private long frozenUntil;

  SimulatedProcess(String name, SimulatedTime time, SimulatedThreads all, long origin) {
    this.name = name;
    this.time = time;
    this.threads = all.starter(() -> alive);
    this.origin = origin;
  }

  long origin() {
    return origin;
  }

  boolean alive() {
    return alive;
  }

  /** Nothing of it happens any more. */
  void kill() {
    alive = false;
  }

  long frozenUntil() {
    return frozenUntil;
  }

  /** It stands still for this long, and then finds that time has passed. */
  void freeze(Duration length) {
    frozenUntil = Math.max(frozenUntil, time.now() + length.toNanos());
  }

  /** Runs on a thread of this process. */
  void run(Runnable body) {
    if (alive) {
      threads.start(() -> {
        CURRENT.set(this);
        body.run();
      });
    }
  }

  /** Lets this much time pass for the calling thread, whichever process it belongs to. */
  static void pause(Duration length) {
    try {
      CURRENT.get().sleep(length);
    } catch (InterruptedException never) {
      throw new IllegalStateException("nobody interrupts who waits for the database", never);
    }
  }

  /** Sleeps in simulated time; only for threads of this process. */
  void sleep(Duration length) throws InterruptedException {
    CountDownLatch over = new CountDownLatch(1);
    Timer timer = after(length, over::countDown);
    try {
      over.await();
    } finally {
      timer.cancel();
    }
  }

  @Override
  public long nanoTime() {
    return origin + time.now();
  }

  @Override
  public Timer after(Duration delay, Runnable action) {
    return time.at(time.now() + Math.max(0, delay.toNanos()), this, action)::cancel;
  }

  @Override
  public String toString() {
    return name;
  }
}
