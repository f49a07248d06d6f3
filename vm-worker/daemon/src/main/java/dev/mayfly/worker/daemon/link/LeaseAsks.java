package dev.mayfly.worker.daemon.link;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalLong;

/**
 * When the messages were sent on one connection that the orchestrator answers with leases: number 0
 * is Register, number n the n-th Heartbeat. What an orchestrator gave after it had handled a
 * message was given after that was sent: a lease that is counted from then ends here before it does
 * there. Not thread-safe; the link's thread owns it.
 */
final class LeaseAsks {
  /** A connection ends long before so many heartbeats are not answered. */
  static final int REMEMBERED = 64;

  private final long registered;
  private final Deque<Long> heartbeats = new ArrayDeque<>();
  private int sent;
  private int answered;

  /**
   * No heartbeat yet.
   *
   * @param registered when Register was sent, on the monotonic clock
   */
  LeaseAsks(long registered) {
    this.registered = registered;
  }

  void heartbeat(long now) {
    sent++;
    heartbeats.addLast(now);
    if (heartbeats.size() > REMEMBERED) {
      heartbeats.removeFirst();
    }
  }

  /** When the heartbeat was sent that the next reply answers; empty: none waits for one. */
  OptionalLong answered() {
    if (answered == sent) {
      return OptionalLong.empty();
    }
    answered++;
    return OptionalLong.of(sentAt(answered));
  }

  /**
   * When a message was sent; of one that is too old to be known, something that is before it.
   *
   * @throws IllegalArgumentException when it was not sent yet
   */
  long sentAt(int message) {
    if (message < 0 || message > sent) {
      throw new IllegalArgumentException(
          "lease_from_message is "
              + Integer.toUnsignedString(message)
              + ", but the last heartbeat was number "
              + sent);
    }
    int back = sent - message;
    if (message == 0 || back >= heartbeats.size()) {
      return registered;
    }
    var newestFirst = heartbeats.descendingIterator();
    for (int i = 0; i < back; i++) {
      newestFirst.next();
    }
    return newestFirst.next();
  }
}
