package dev.mayfly.server.schedule;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one reconciler on a virtual thread of its own: when nudged, and periodically. Never two
 * passes at once. Thread-safe.
 */
class ReconcilerLoop {
  private static final Logger log = LoggerFactory.getLogger(ReconcilerLoop.class);

  /** Longer than the timeout of any transaction would only delay the end of the process. */
  private static final Duration STOP_WAIT = Duration.ofSeconds(3);

  /** A reconciler that fails at once must not spin. */
  private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(1);

  private final String name;
  private final Duration first;
  private final Duration interval;
  private final Runnable pass;
  private final Semaphore nudges = new Semaphore(0);
  private volatile boolean running;
  private @Nullable Thread thread;

  /**
   * @param first when the first pass runs, if nothing nudges before
   */
  ReconcilerLoop(String name, Duration first, Duration interval, Runnable pass) {
    this.name = name;
    this.first = first;
    this.interval = interval;
    this.pass = pass;
  }

  void nudge() {
    nudges.release();
  }

  void start() {
    running = true;
    thread = Thread.ofVirtual().name("reconcile-" + name).start(this::run);
  }

  private void run() {
    try {
      await(first);
      boolean failing = false;
      while (running) {
        try {
          pass.run();
          failing = false;
          await(interval);
        } catch (RuntimeException failed) {
          if (running && !failing) {
            log.atWarn().addKeyValue("reconciler", name).setCause(failed).log("Pass failed");
          }
          failing = true;
          Thread.sleep(PAUSE_AFTER_FAILURE);
        }
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private void await(Duration most) throws InterruptedException {
    if (nudges.tryAcquire(most.toMillis(), TimeUnit.MILLISECONDS)) {
      nudges.drainPermits();
    }
  }

  void stop() {
    running = false;
    Thread stopping = thread;
    if (stopping != null) {
      nudges.release();
      try {
        if (!stopping.join(STOP_WAIT)) {
          stopping.interrupt();
        }
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
