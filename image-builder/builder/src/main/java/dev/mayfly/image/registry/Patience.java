package dev.mayfly.image.registry;

import dev.mayfly.image.oci.OciException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for what may never answer. */
final class Patience {
  private Patience() {}

  /**
   * Runs the call in a thread of its own, which is interrupted when the time is over.
   *
   * @param what is waited for, as {@code registry.example}
   * @throws OciException also when the time is over
   */
  static <T> T call(String what, Duration time, Callable<T> call)
      throws IOException, InterruptedException {
    FutureTask<T> task = new FutureTask<>(call);
    Thread.ofVirtual().start(task);
    try {
      return task.get(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw OciException.outside(
          what + " did not answer within " + time.toSeconds() + " s; try again later", e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failure -> throw failure;
        case RuntimeException failure -> throw failure;
        case null, default -> throw new IllegalStateException(e);
      }
    } finally {
      task.cancel(true);
    }
  }
}
