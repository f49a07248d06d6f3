package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Talks to the guest beside the owner of the attempt: what talks to a guest may block, the owner
 * must not. Each call ends at the latest when the session is closed.
 */
final class GuestCalls {
  private final AttemptLease lease;

  GuestCalls(AttemptLease lease) {
    this.lease = lease;
  }

  private interface Call {
    void run() throws InterruptedException;
  }

  /** Asks whether the guest lives. */
  void ping(GuestSession session, Duration limit, Consumer<Boolean> answered) {
    inBackground(
        "ping",
        () -> {
          boolean alive;
          try {
            session.ping(limit);
            alive = true;
          } catch (GuestException failure) {
            alive = false;
          }
          answered.accept(alive);
        });
  }

  private void inBackground(String what, Call call) {
    Thread.ofVirtual()
        .name(what + " " + lease)
        .start(() -> {
          try {
            call.run();
          } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
          }
        });
  }
}
