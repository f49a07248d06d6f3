package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What Ctrl-C does while a job runs: the first one cancels the job and waits for its end, the
 * second one gives up waiting. One before the job is accepted counts once it is.
 */
final class Interruption {
  /** A bound on our patience, not on the job: it is cancelled, whether we see its end or not. */
  private static final Duration END_OF_CANCELLED_JOB = Duration.ofSeconds(60);

  private final MayflyClient client;
  private final Output output;
  private final Signals signals;
  private final CountDownLatch ended = new CountDownLatch(1);
  private @Nullable JobId job;
  private int count;

  Interruption(MayflyClient client, Output output, Signals signals) {
    this.client = client;
    this.output = output;
    this.signals = signals;
  }

  void watch() {
    signals.onInterrupt(this::interrupted);
  }

  synchronized boolean happened() {
    return count > 0;
  }

  /** From now on there is something to cancel. */
  synchronized void jobIs(JobId accepted) {
    job = accepted;
    if (count > 0) {
      cancel(accepted);
    }
  }

  void jobEnded() {
    ended.countDown();
  }

  private synchronized void interrupted() {
    count++;
    if (count > 1) {
      signals.endNow(ExitCode.INTERRUPTED);
    } else if (job != null) {
      cancel(job);
    }
  }

  /** On a thread of its own: a signal must be taken at once, and the log goes on meanwhile. */
  private void cancel(JobId id) {
    Thread.ofVirtual().name("cancel").start(() -> cancelAndAwaitEnd(id));
  }

  private void cancelAndAwaitEnd(JobId id) {
    output.sayIfPossible("cancelling job " + id + "; Ctrl-C again does not wait for its end");
    try {
      client.cancel(id);
      if (!ended.await(END_OF_CANCELLED_JOB.toSeconds(), TimeUnit.SECONDS)) {
        output.sayIfPossible("job " + id + " is cancelled but has not ended yet");
        signals.endNow(ExitCode.INTERRUPTED);
      }
    } catch (MayflyException failure) {
      output.sayIfPossible("job " + id + " could not be cancelled: " + failure.getMessage());
      signals.endNow(ExitCode.INTERRUPTED);
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }
}
