package dev.mayfly.worker.core.guest;

import dev.mayfly.worker.core.guest.GuestException.Kind;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Waiting for what the guest answers, and the reasons why it did not. */
final class Answers {
  /** Requests of one kind that wait for an answer at once. */
  private static final int MAX_UNANSWERED = 64;

  private Answers() {}

  /** Refuses one more request while too many of its kind wait. */
  static void checkUnanswered(int count) throws GuestException {
    if (count >= MAX_UNANSWERED) {
      throw new GuestException(Kind.TIMEOUT, count + " requests are unanswered already");
    }
  }

  /**
   * @param deadline of {@link System#nanoTime}
   * @param late what to say when it passes
   */
  static <T> T await(CompletableFuture<T> answer, long deadline, String late)
      throws GuestException, InterruptedException {
    try {
      return answer.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw because(Kind.TIMEOUT, late, e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GuestException why) {
        throw again(why);
      }
      throw new IllegalStateException(e);
    }
  }

  /** The same reason with the stack of who is told. */
  static GuestException again(GuestException why) {
    return because(why.kind(), why.getMessage(), why);
  }

  static GuestException because(Kind kind, @Nullable String message, Throwable cause) {
    GuestException exception = new GuestException(kind, String.valueOf(message));
    exception.initCause(cause);
    return exception;
  }

  /** What the agent itself said of a step that failed. */
  static GuestException failed(Kind kind, String step, long errno, String message) {
    return new GuestException(kind, step + ": " + message + " (errno " + errno + ")");
  }
}
