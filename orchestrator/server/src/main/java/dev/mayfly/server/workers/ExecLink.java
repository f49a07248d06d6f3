package dev.mayfly.server.workers;

import dev.mayfly.api.JobId;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.worker.v1.AttemptReport;
import dev.mayfly.api.worker.v1.ExecInputAck;
import dev.mayfly.core.exec.Exec;
import dev.mayfly.core.exec.ExecNudges;
import dev.mayfly.core.exec.ExecStore;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.server.logs.LogFeed;
import java.io.ByteArrayOutputStream;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What one connection has to do with execs: it remembers what was sent on it, so that everything
 * not acknowledged is sent once on each connection. Thread-safe; the store is never called under
 * its lock by more than one thread for one connection.
 */
class ExecLink {

  /** What a worker takes in one message ({@code worker.proto}, ExecInput). */
  private static final int MAX_INPUT = 65536;

  /** Names an exec as one connection speaks of it. */
  private record Key(JobStore.Claim claim, int number) {}

  /** What was sent of one exec on this connection. */
  private static final class Sent {
    private boolean start;
    private long input;
    private boolean end;
    private int signals;

    private Sent(long input) {
      this.input = input;
    }
  }

  private final ExecStore execs;
  private final ExecNudges nudges;
  private final LogFeed feed;
  private final InstantSource clock;
  private final Outbound outbound;
  private final Map<Key, Sent> sent = new HashMap<>();
  private final Set<JobStore.Claim> wanted = new HashSet<>();

  ExecLink(
      ExecStore execs, ExecNudges nudges, LogFeed feed, InstantSource clock, Outbound outbound) {
    this.execs = execs;
    this.nudges = nudges;
    this.feed = feed;
    this.clock = clock;
    this.outbound = outbound;
  }

  /**
   * The worker has taken these attempts up again and knows nothing of their execs: every start is
   * sent. To be called when their assignments have been sent.
   */
  synchronized void wanted(Collection<JobStore.Claim> claims) {
    wanted.addAll(claims);
  }

  /** Sends what is due and was not sent on this connection. */
  synchronized void send(List<ExecStore.Due> due) {
    Set<Key> current = new HashSet<>();
    for (ExecStore.Due exec : due) {
      Key key = new Key(exec.claim(), exec.number());
      current.add(key);
      Sent known = sent.computeIfAbsent(key, _ -> new Sent(exec.input().acknowledged()));
      if (start(exec, known)) {
        input(exec, known);
        signals(exec, known);
      }
    }
    sent.keySet().retainAll(current);
  }

  /** False when the exec has ended meanwhile. */
  private boolean start(ExecStore.Due due, Sent known) {
    if (known.start || !(due.pending() || wanted.contains(due.claim()))) {
      return true;
    }
    Optional<Exec> exec = execs.find(due.claim().attempt().job(), due.number());
    if (exec.isEmpty() || exec.get().ended()) {
      return false;
    }
    outbound.send(ExecWire.start(due.claim(), exec.get()));
    known.start = true;
    return true;
  }

  private void input(ExecStore.Due due, Sent known) {
    if (!due.takesInput() || known.end) {
      return;
    }
    JobId job = due.claim().attempt().job();
    known.input = Math.max(known.input, due.input().acknowledged());
    long upTo = Math.min(due.input().stored(), due.input().limit());
    while (known.input < upTo) {
      int most = (int) Math.min(upTo - known.input, MAX_INPUT);
      ExecStore.Piece piece = whole(execs.input(job, due.number(), known.input, most));
      if (piece.data().length == 0) {
        // Acknowledged meanwhile, or the exec has ended.
        return;
      }
      long after = piece.offset() + piece.data().length;
      known.end = due.input().ended() && after == due.input().stored();
      outbound.send(ExecWire.input(due.claim(), due.number(), piece, known.end));
      known.input = after;
    }
    if (due.input().ended() && known.input == due.input().stored() && !known.end) {
      ExecStore.Piece nothing = new ExecStore.Piece(known.input, new byte[0]);
      outbound.send(ExecWire.input(due.claim(), due.number(), nothing, true));
      known.end = true;
    }
  }

  /** Pieces may be single key strokes; a message each would fill the queue to the worker. */
  private static ExecStore.Piece whole(List<ExecStore.Piece> pieces) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    pieces.forEach(piece -> all.writeBytes(piece.data()));
    return new ExecStore.Piece(
        pieces.isEmpty() ? 0 : pieces.getFirst().offset(), all.toByteArray());
  }

  private void signals(ExecStore.Due due, Sent known) {
    if (due.signals() <= known.signals) {
      return;
    }
    JobId job = due.claim().attempt().job();
    for (ExecStore.Signal signal : execs.signals(job, due.number(), known.signals)) {
      outbound.send(ExecWire.signal(due.claim(), due.number(), signal));
      known.signals = signal.number();
    }
  }

  /** Applies a report about an exec; the caller acknowledges it. */
  void report(WorkerId worker, AttemptReport message) {
    JobStore.Claim claim = WireCodec.claim(message.getAttempt());
    ExecStore.Applied applied =
        execs.apply(
            worker, claim, ExecWire.number(message), ExecWire.event(message, clock.instant()));
    if (applied == ExecStore.Applied.CHANGED) {
      feed.nudge(claim.attempt().job());
    }
  }

  void acknowledged(WorkerId worker, ExecInputAck message) {
    JobStore.Claim claim = WireCodec.claim(message.getAttempt());
    if (message.getOffset() < 0 || message.getLimit() < 0) {
      throw new InvalidMessageException("exec_input_ack", "holds a number beyond 2^63");
    }
    ExecStore.Applied applied =
        execs.acknowledge(
            worker,
            claim,
            ExecWire.number(message.getExecNumber()),
            message.getOffset(),
            message.getLimit());
    if (applied == ExecStore.Applied.CHANGED) {
      // There may be room for more from the front end, and more for the worker.
      feed.nudge(claim.attempt().job());
      nudges.execsHere();
    }
  }
}
