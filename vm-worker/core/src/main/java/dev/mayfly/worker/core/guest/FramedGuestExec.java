package dev.mayfly.worker.core.guest;

import dev.mayfly.worker.core.guest.GuestHello.KnownExec;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSession.OutputSink;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One exec as one conversation knows it. All fields but the futures are guarded by the session's
 * lock.
 */
final class FramedGuestExec implements GuestExec {

  /** STARTING: the host asked. KNOWN: the guest had it before this conversation. */
  private enum Phase {
    STARTING,
    KNOWN,
    RUNNING,
    ENDED
  }

  /** A run of bytes of one stream, so that the streams reach the sink in the order they came. */
  private static final class Run {
    private final GuestStream stream;
    private int length;

    private Run(GuestStream stream, int length) {
      this.stream = stream;
      this.length = length;
    }
  }

  /** What is handed to the sink at once. */
  record Delivery(GuestStream stream, long offset, byte[] data) {}

  /**
   * Runs remembered of one exec. A guest that changes streams at each byte gets its bytes in larger
   * pieces beyond this, instead of filling our memory with bookkeeping.
   */
  private static final int MAX_RUNS = 1024;

  private final FramedGuestSession session;
  private final int id;
  private final CompletableFuture<ExecEnd> ended = new CompletableFuture<>();
  final CompletableFuture<Boolean> started = new CompletableFuture<>();

  private Phase phase;
  private final OutputWindow stdout;
  private final OutputWindow stderr;
  private final ArrayDeque<Run> runs = new ArrayDeque<>();
  private final @Nullable Run[] latest = new @Nullable Run[3];
  private @Nullable OutputSink sink;
  private AgentMessage.@Nullable ExecExit exit;
  private boolean endTold;

  long stdinSent;
  long stdinLimit;

  /** How much the process has; -1 while the guest has not said it. */
  long stdinTaken;

  boolean stdinClosed;
  boolean queued;

  private FramedGuestExec(
      FramedGuestSession session, int id, Phase phase, long stdoutFrom, long stderrFrom) {
    this.session = session;
    this.id = id;
    this.phase = phase;
    this.stdout = new OutputWindow(stdoutFrom);
    this.stderr = new OutputWindow(stderrFrom);
  }

  static FramedGuestExec starting(
      FramedGuestSession session, int id, boolean stdinOpen, OutputSink sink) {
    FramedGuestExec exec = new FramedGuestExec(session, id, Phase.STARTING, 0, 0);
    exec.stdinClosed = !stdinOpen;
    exec.sink = sink;
    return exec;
  }

  static FramedGuestExec known(FramedGuestSession session, KnownExec known) {
    FramedGuestExec exec =
        new FramedGuestExec(
            session,
            known.id(),
            Phase.KNOWN,
            known.stdoutAcknowledged(),
            known.stderrAcknowledged());
    // The guest says again how much more it takes.
    exec.stdinSent = known.stdinAccepted();
    exec.stdinLimit = known.stdinAccepted();
    exec.stdinTaken = -1;
    return exec;
  }

  @Override
  public int id() {
    return id;
  }

  @Override
  public CompletableFuture<ExecEnd> ended() {
    return ended;
  }

  @Override
  public void signal(int number, boolean everything) throws GuestException, InterruptedException {
    if (number < 1 || number > 64) {
      throw new IllegalArgumentException("signal " + number);
    }
    session.signal(this, number, everything);
  }

  @Override
  public void stdin(byte[] data) throws GuestException, InterruptedException {
    session.stdin().send(this, data);
  }

  @Override
  public long awaitStdin(long beyond) throws GuestException, InterruptedException {
    return session.stdin().awaitTaken(this, beyond);
  }

  @Override
  public void closeStdin() throws GuestException, InterruptedException {
    session.stdin().close(this);
  }

  @Override
  public void forget() throws GuestException, InterruptedException {
    session.forget(this);
  }

  boolean isAttached() {
    return sink != null;
  }

  boolean hasExited() {
    return phase == Phase.ENDED;
  }

  @Nullable OutputSink sink() {
    return sink;
  }

  void attach(OutputSink output, long stdoutSafe, long stderrSafe) {
    stdout.skipTo(stdoutSafe);
    stderr.skipTo(stderrSafe);
    runs.clear();
    Arrays.fill(latest, null);
    addRun(GuestStream.STDOUT, stdout.held());
    addRun(GuestStream.STDERR, stderr.held());
    sink = output;
  }

  /** Nobody waits for it any more; what it says is held back by the window. */
  void abandon() {
    sink = null;
  }

  void onStarted() throws GuestViolation {
    if (phase != Phase.STARTING && phase != Phase.KNOWN) {
      throw new GuestViolation("an exec started twice");
    }
    if (phase == Phase.STARTING) {
      // The limit that holds before the first STDIN_ACK.
      stdinLimit = GuestFrameCodec.STDIN_WINDOW;
    }
    phase = Phase.RUNNING;
  }

  /** Also of an exec that was just being started when an earlier conversation ended. */
  void onFailed() throws GuestViolation {
    if (phase != Phase.STARTING && phase != Phase.KNOWN) {
      throw new GuestViolation("an exec that was not being started failed to start");
    }
  }

  void onOutput(AgentMessage.Output output) throws GuestViolation {
    if (phase != Phase.RUNNING) {
      throw new GuestViolation("output of an exec that does not run");
    }
    addRun(output.stream(), window(output.stream()).accept(output.offset(), output.data()));
  }

  void onExit(AgentMessage.ExecExit message) throws GuestViolation {
    if (phase != Phase.RUNNING) {
      throw new GuestViolation("the end of an exec that does not run");
    }
    stdout.end(message.stdoutEnd());
    stderr.end(message.stderrEnd());
    phase = Phase.ENDED;
    exit = message;
  }

  void onStdinAck(AgentMessage.StdinAck ack) throws GuestViolation {
    if (phase != Phase.RUNNING && phase != Phase.ENDED) {
      throw new GuestViolation("stdin taken by an exec that does not run");
    }
    if (ack.offset() > stdinSent
        || ack.limit() < ack.offset()
        || ack.limit() - ack.offset() > GuestFrameCodec.STDIN_WINDOW
        || ack.limit() < stdinLimit) {
      throw new GuestViolation("stdin credit that cannot be");
    }
    stdinLimit = ack.limit();
    stdinTaken = Math.max(stdinTaken, ack.offset());
  }

  /** The next piece for the sink; null when there is none or nobody takes it. */
  @Nullable Delivery poll() {
    Run run = sink == null ? null : runs.peek();
    if (run == null) {
      return null;
    }
    OutputWindow window = window(run.stream);
    long offset = window.start();
    byte[] data = window.take(Math.min(run.length, GuestFrameCodec.MAX_DATA));
    run.length -= data.length;
    if (run.length == 0) {
      runs.remove();
      if (latest[run.stream.wire()] == run) {
        latest[run.stream.wire()] = null;
      }
    }
    return new Delivery(run.stream, offset, data);
  }

  /**
   * The sink has it.
   *
   * @param safe what the sink said of it
   * @return what the guest is to be told; null when that is nothing new
   * @throws IllegalStateException when the sink's word cannot be
   */
  HostMessage.@Nullable OutputAck delivered(Delivery delivery, long safe) {
    OutputWindow window = window(delivery.stream());
    long end = delivery.offset() + delivery.data().length;
    long before = window.acknowledged();
    if (safe < before || safe > end || end - safe >= OutputSink.HELD_LIMIT) {
      throw new IllegalStateException(
          "the sink calls offset %d of %s safe, which was safe to %d and reaches to %d"
              .formatted(safe, delivery.stream(), before, end));
    }
    window.acknowledge(safe);
    return safe == before ? null : new HostMessage.OutputAck(id, delivery.stream(), safe);
  }

  /** Its exit, once, when everything before it was handed on. */
  AgentMessage.@Nullable ExecExit pollExit() {
    if (exit == null || sink == null || !runs.isEmpty() || endTold) {
      return null;
    }
    endTold = true;
    return exit;
  }

  /** The sink has all of it. */
  void endSafe(AgentMessage.ExecExit end) {
    stdout.acknowledge(end.stdoutEnd());
    stderr.acknowledge(end.stderrEnd());
  }

  private OutputWindow window(GuestStream stream) {
    return stream == GuestStream.STDOUT ? stdout : stderr;
  }

  private void addRun(GuestStream stream, int length) {
    if (length == 0) {
      return;
    }
    Run last = runs.peekLast();
    Run extended = last != null && last.stream == stream ? last : null;
    if (extended == null && runs.size() >= MAX_RUNS) {
      extended = latest[stream.wire()];
    }
    if (extended != null) {
      extended.length += length;
    } else {
      Run run = new Run(stream, length);
      runs.add(run);
      latest[stream.wire()] = run;
    }
  }
}
