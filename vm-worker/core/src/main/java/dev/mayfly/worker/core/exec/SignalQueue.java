package dev.mayfly.worker.core.exec;

import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestExec;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Signals for one exec, sent in order by a thread of their own, which lives while there are some:
 * sending may block, and whoever asks must not. Thread-safe.
 */
final class SignalQueue {
  static final int SIGTERM = 15;
  static final int SIGKILL = 9;

  /** More only pile up when the guest does not read; it is dead then. */
  private static final int CAPACITY = 32;

  private static final Logger log = LoggerFactory.getLogger(SignalQueue.class);

  private final String name;
  private final LongConsumer delivered;
  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private @Nullable GuestExec guest;
  private long lastRequest;
  private boolean sending;

  /** Request 0 is our own. */
  private record Waiting(long request, int signal, boolean everything) {}

  /**
   * An empty queue.
   *
   * @param lastRequest that reached the guest from an earlier worker process; 0: none
   * @param delivered told of each request that has reached the guest, by the thread that sends
   */
  SignalQueue(String name, long lastRequest, LongConsumer delivered) {
    this.name = name;
    this.lastRequest = lastRequest;
    this.delivered = delivered;
  }

  /** The exec runs: what waited for that is sent. */
  synchronized void attach(GuestExec exec) {
    guest = exec;
    send();
  }

  /** What the orchestrator asked for; a request that is known changes nothing. */
  synchronized void request(ExecSignal signal) {
    if (signal.request() > lastRequest) {
      lastRequest = signal.request();
      add(signal.request(), signal.signal(), signal.everything());
    }
  }

  /** A signal to everything that the exec started. */
  synchronized void toEverything(int signal) {
    add(0, signal, true);
  }

  private void add(long request, int signal, boolean everything) {
    if (signal == SIGKILL && everything) {
      // Nothing that waits matters any more.
      waiting.clear();
    }
    if (waiting.size() >= CAPACITY) {
      log.atWarn().addKeyValue("exec", name).log("Signal was dropped: too many wait");
      return;
    }
    waiting.add(new Waiting(request, signal, everything));
    send();
  }

  private void send() {
    if (guest != null && !sending && !waiting.isEmpty()) {
      sending = true;
      var to = guest;
      Thread.ofVirtual().name("signal " + name).start(() -> drain(to));
    }
  }

  private synchronized @Nullable Waiting next() {
    var next = waiting.poll();
    sending = next != null;
    return next;
  }

  private void drain(GuestExec to) {
    try {
      for (var next = next(); next != null; next = next()) {
        to.signal(next.signal(), next.everything());
        if (next.request() > 0) {
          delivered.accept(next.request());
        }
      }
    } catch (GuestException failure) {
      // The end comes because the guest is gone, or by the job's limit.
      log.atDebug()
          .addKeyValue("exec", name)
          .addKeyValue("reason", failure.getMessage())
          .log("Signal was not delivered");
      stopped();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      stopped();
    }
  }

  private synchronized void stopped() {
    sending = false;
  }
}
