package dev.mayfly.it.simulation;

import dev.mayfly.it.simulation.SimulatedGuest.Piece;
import dev.mayfly.worker.core.guest.ExecSpec;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestException.Kind;
import dev.mayfly.worker.core.guest.GuestExec;
import dev.mayfly.worker.core.guest.GuestHello;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.guest.GuestSetup;
import dev.mayfly.worker.core.time.Timers;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** What one worker process has to do with one guest. Everything runs on threads of that process. */
final class SimulatedConversation implements GuestSession {
  private static final int LATENCY_MILLIS = 20;

  private final SimulatedGuest guest;
  private final SimulatedProcess process;
  private final CompletableFuture<GuestException> over = new CompletableFuture<>();
  private final CompletableFuture<GuestExec.ExecEnd> ended = new CompletableFuture<>();
  private final CompletableFuture<Integer> exited = new CompletableFuture<>();
  private final Map<GuestStream, Long> taken = new EnumMap<>(GuestStream.class);
  private @Nullable OutputSink sink;
  private boolean delivering;
  private boolean closed;

  SimulatedConversation(SimulatedGuest guest, SimulatedProcess process) {
    this.guest = guest;
    this.process = process;
  }

  /** Completes with the exit code of the VMM. */
  CompletableFuture<Integer> exited() {
    return exited;
  }

  /** There may be output, or the end of the command. */
  void news() {
    process.after(guest.jitter(LATENCY_MILLIS), this::deliver);
  }

  void violated() {
    process.after(
        guest.jitter(LATENCY_MILLIS),
        () -> breaks(new GuestException(Kind.VIOLATION, "a frame of no known kind")));
  }

  void vmmEnded() {
    process.after(guest.jitter(LATENCY_MILLIS), () -> exited.complete(guest.exitCode()));
    process.after(
        guest.jitter(LATENCY_MILLIS), () -> breaks(new GuestException(Kind.GONE, "end of stream")));
  }

  private void breaks(GuestException failure) {
    closed = true;
    ended.completeExceptionally(failure);
    over.complete(failure);
  }

  /** Hands over what is new, in order; a sink that blocks holds back what follows. */
  private void deliver() {
    OutputSink into = sink;
    if (delivering || closed || into == null) {
      return;
    }
    delivering = true;
    try {
      for (int next = 0; next < guest.printed().size() && !closed; next++) {
        hand(guest.printed().get(next), into);
      }
      GuestExec.ExecEnd end = guest.end();
      if (end != null && !closed) {
        into.ended(GuestStream.STDOUT, guest.length(GuestStream.STDOUT));
        into.ended(GuestStream.STDERR, guest.length(GuestStream.STDERR));
        ended.complete(end);
      }
    } catch (InterruptedException givenUp) {
      closed = true;
    } finally {
      delivering = false;
    }
  }

  private void hand(Piece piece, OutputSink into) throws InterruptedException {
    long from = Math.max(piece.offset(), taken.getOrDefault(piece.stream(), 0L));
    int length = (int) (piece.offset() + piece.length() - from);
    if (length <= 0) {
      return;
    }
    byte[] data = new byte[length];
    for (int index = 0; index < length; index++) {
      data[index] = GuestProgram.byteAt(guest.name(), piece.stream(), from + index);
    }
    taken.put(piece.stream(), from + length);
    into.output(piece.stream(), from, data);
  }

  @Override
  public GuestHello hello() {
    return new GuestHello(
        1,
        Duration.ZERO,
        "0",
        "6.1.0-simulated",
        "x86_64",
        guest.isSetUp() ? GuestHello.SetupState.DONE : GuestHello.SetupState.NONE,
        guest.commandStarted()
            ? List.of(new GuestHello.KnownExec(1, guest.end() != null, 0, 0, 0, 0, 0))
            : List.of());
  }

  @Override
  public List<StepTime> setup(GuestSetup setup, Duration timeout)
      throws GuestException, InterruptedException {
    pause();
    if (guest.program().boot() == GuestProgram.Boot.SETUP_FAILS) {
      throw new GuestException(Kind.SETUP_FAILED, "mount: no such device");
    }
    guest.setUp();
    return List.of();
  }

  private void pause() throws GuestException, InterruptedException {
    process.sleep(guest.program().bootTime());
    if (!guest.alive()) {
      throw new GuestException(Kind.GONE, "end of stream");
    }
  }

  @Override
  public GuestExec start(ExecSpec spec, OutputSink output, Duration timeout)
      throws GuestException, InterruptedException {
    return start(1, spec, output, timeout);
  }

  @Override
  public GuestExec start(int execId, ExecSpec spec, OutputSink output, Duration timeout)
      throws GuestException, InterruptedException {
    pause();
    if (guest.program().boot() == GuestProgram.Boot.COMMAND_ABSENT) {
      throw new GuestException(Kind.EXEC_FAILED, "no such file");
    }
    sink = output;
    guest.start();
    return new Exec();
  }

  @Override
  public GuestExec adopt(int execId, long stdoutSafe, long stderrSafe, OutputSink output) {
    taken.put(GuestStream.STDOUT, stdoutSafe);
    taken.put(GuestStream.STDERR, stderrSafe);
    sink = output;
    news();
    return new Exec();
  }

  @Override
  public Duration ping(Duration timeout) throws GuestException, InterruptedException {
    if (closed) {
      throw new GuestException(Kind.GONE, "closed");
    }
    if (!guest.silent()) {
      return Duration.ofMillis(1);
    }
    CompletableFuture<GuestException> silence = new CompletableFuture<>();
    over.thenAccept(silence::complete);
    Timers.Timer timer =
        process.after(
            timeout, () -> silence.complete(new GuestException(Kind.TIMEOUT, "no answer")));
    try {
      throw silence.get();
    } catch (ExecutionException never) {
      throw new IllegalStateException("nobody completes it exceptionally", never);
    } finally {
      timer.cancel();
    }
  }

  @Override
  public void powerOff(Duration timeout) {}

  @Override
  public CompletableFuture<GuestException> over() {
    return over;
  }

  @Override
  public void close() {
    breaks(new GuestException(Kind.GONE, "closed"));
  }

  private final class Exec implements GuestExec {
    @Override
    public int id() {
      return 1;
    }

    @Override
    public CompletableFuture<ExecEnd> ended() {
      return ended;
    }

    @Override
    public void signal(int number, boolean everything) throws GuestException {
      if (closed) {
        throw new GuestException(Kind.GONE, "closed");
      }
      guest.terminate();
    }

    @Override
    public void stdin(byte[] data) {}

    @Override
    public long awaitStdin(long beyond) {
      return 0;
    }

    @Override
    public void closeStdin() {}

    @Override
    public void forget() {}
  }
}
