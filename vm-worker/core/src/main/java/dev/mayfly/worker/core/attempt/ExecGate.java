package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.Outcome;
import dev.mayfly.worker.core.exec.ExecRequest;
import dev.mayfly.worker.core.exec.ExecSignal;
import dev.mayfly.worker.core.exec.Execs;
import dev.mayfly.worker.core.exec.InputCredit;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where what is asked of a session's execs waits until its guest is set up; then it goes straight
 * through. Bounded: who sends more than the wire contract lets him is not heard. Thread-safe.
 */
final class ExecGate {
  /** As many as may be open at once, each with the input that its first window allows. */
  static final long MAX_WAITING_BYTES = (long) Execs.MAX_OPEN * Execs.INPUT_WINDOW_BYTES;

  /** For execs, their signals and pieces of input that are smaller than they could be. */
  static final int MAX_WAITING = 4096;

  private static final Logger log = LoggerFactory.getLogger(ExecGate.class);

  private final AttemptLease lease;
  private final Queue<Consumer<Execs>> waiting = new ArrayDeque<>();
  private long waitingBytes;
  private @Nullable Execs execs;
  private boolean closed;

  ExecGate(AttemptLease lease) {
    this.lease = lease;
  }

  void start(ExecRequest request) {
    pass(0, open -> open.start(request));
  }

  void refuse(int number, Outcome.Faulted why) {
    pass(0, open -> open.refuse(number, why));
  }

  void input(int number, long offset, byte[] data, boolean end) {
    pass(data.length, open -> open.input(number, offset, data, end));
  }

  void signal(int number, ExecSignal signal) {
    pass(0, open -> open.signal(number, signal));
  }

  synchronized List<InputCredit> credits() {
    return execs == null ? List.of() : execs.credits();
  }

  /** Lets through what waits, in its order, and from now on everything. */
  synchronized void open(Execs opened) {
    execs = opened;
    for (var command = waiting.poll(); command != null; command = waiting.poll()) {
      command.accept(opened);
    }
    waitingBytes = 0;
  }

  synchronized Optional<Execs> execs() {
    return Optional.ofNullable(execs);
  }

  /** Nothing more is heard. Idempotent. */
  synchronized void close() {
    closed = true;
    waiting.clear();
    if (execs != null) {
      execs.close();
    }
  }

  private synchronized void pass(long bytes, Consumer<Execs> command) {
    if (closed) {
      return;
    }
    if (execs != null) {
      command.accept(execs);
      return;
    }
    if (waiting.size() >= MAX_WAITING || waitingBytes + bytes > MAX_WAITING_BYTES) {
      log.atWarn().addKeyValue("attempt", lease).log("More was asked of execs than may wait");
      return;
    }
    waitingBytes += bytes;
    waiting.add(command);
  }
}
