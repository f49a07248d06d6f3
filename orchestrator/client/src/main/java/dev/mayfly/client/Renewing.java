package dev.mayfly.client;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Renews one session in the background until it is stopped or the session has ended. */
final class Renewing {

  /** Two renewals may be lost. */
  private static final int RENEWALS_PER_LEASE = 3;

  /** After a failed one; also the least pause. */
  private static final Duration AGAIN = Duration.ofSeconds(1);

  private final SessionCalls calls;
  private final CountDownLatch stopped = new CountDownLatch(1);

  Renewing(SessionCalls calls) {
    this.calls = calls;
  }

  void start() {
    Thread thread = new Thread(this::run, "mayfly-session-renewal");
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    Duration pause = Duration.ZERO;
    try {
      while (!stopped.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
        pause = renewed();
      }
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  /** When to renew next. */
  private Duration renewed() throws InterruptedException {
    try {
      Duration third =
          Duration.ofSeconds(calls.renew().leaseSeconds()).dividedBy(RENEWALS_PER_LEASE);
      return third.compareTo(AGAIN) < 0 ? AGAIN : third;
    } catch (MayflyProblem refused) {
      int status = refused.problem().status();
      if (status == 404 || status == 409) {
        stop(); // It has ended: whoever uses it is told by its own calls.
      }
      return AGAIN;
    } catch (MayflyException away) {
      return AGAIN;
    }
  }

  void stop() {
    stopped.countDown();
  }
}
