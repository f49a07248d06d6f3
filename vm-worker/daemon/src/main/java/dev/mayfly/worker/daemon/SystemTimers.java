package dev.mayfly.worker.daemon;

import dev.mayfly.worker.core.time.Timers;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The machine's monotonic clock, and one thread for all timers. */
final class SystemTimers implements Timers, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SystemTimers.class);

  private final ScheduledThreadPoolExecutor executor =
      new ScheduledThreadPoolExecutor(
          1, action -> Thread.ofPlatform().name("timers").daemon().unstarted(action));

  SystemTimers() {
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public Timer after(Duration delay, Runnable action) {
    var future =
        executor.schedule(() -> run(action), Math.max(0, delay.toNanos()), TimeUnit.NANOSECONDS);
    return () -> future.cancel(false);
  }

  /** The top of the timer thread's loop: one bad action must not silence the others. */
  private static void run(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException bug) {
      log.atError().setCause(bug).log("Timer action failed");
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
