package dev.mayfly.db;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The one thread that starts the server process, and with whose end the server ends.
 *
 * <p>Linux sends the parent-death signal (prctl(2), PR_SET_PDEATHSIG) when the <em>thread</em> that
 * created the child ends, not the process. So this thread lives until {@link #close}, or until the
 * process is gone, be it by exit or by kill -9; and closing it is the ordered stop: the same signal
 * by the same way in every case. A virtual thread would not do: its carrier may end at any time.
 */
final class ParentThread implements AutoCloseable {
  /** The start and nothing else is ever asked of it. */
  private static final int WAITING = 4;

  // Not Executors.newSingleThreadExecutor: that one ends its thread when it is garbage collected.
  private final ThreadPoolExecutor executor =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(WAITING),
          Thread.ofPlatform().daemon().name("mayfly-postgres-parent").factory());

  /** Runs the action on the thread and waits for its end. */
  <T> T call(Callable<T> action) {
    try {
      return executor.submit(action).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DatabaseException("Interrupted while the embedded PostgreSQL was started.", e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default ->
            throw new DatabaseException("The embedded PostgreSQL cannot be started.", e.getCause());
      }
    }
  }

  /** Ends the thread, and so signals its child. Idempotent; does not wait. */
  @Override
  public void close() {
    executor.shutdown();
  }
}
