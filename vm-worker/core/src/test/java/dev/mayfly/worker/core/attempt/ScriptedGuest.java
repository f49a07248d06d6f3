package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.attempt.ScriptedHost.Step;
import dev.mayfly.worker.core.guest.ExecSpec;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestExec;
import dev.mayfly.worker.core.guest.GuestHello;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.guest.GuestSetup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/** A guest that does what a test says. Thread-safe. */
public final class ScriptedGuest implements GuestSession {
  private final ScriptedHost host;
  private final String name;
  private final CompletableFuture<Integer> vmExit;
  private final CompletableFuture<GuestException> over = new CompletableFuture<>();
  private final CompletableFuture<GuestExec.ExecEnd> ended = new CompletableFuture<>();
  private final LinkedBlockingQueue<String> signals = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<Duration> pings = new LinkedBlockingQueue<>();
  private final AtomicLongArray printed = new AtomicLongArray(GuestStream.values().length);
  private final @Nullable ScriptedGuest earlier;
  private volatile boolean silent;
  private volatile GuestExec.@Nullable ExecEnd unheard;
  private volatile @Nullable ExecSpec command;
  private volatile @Nullable GuestSetup setup;
  private volatile @Nullable OutputSink sink;

  /**
   * A guest as one conversation sees it.
   *
   * @param earlier as the conversation before saw it; null: this is the first
   */
  ScriptedGuest(
      ScriptedHost host,
      String name,
      CompletableFuture<Integer> vmExit,
      @Nullable ScriptedGuest earlier) {
    this.host = host;
    this.name = name;
    this.vmExit = vmExit;
    this.earlier = earlier;
    if (earlier != null) {
      command = earlier.command;
      unheard = earlier.unheard;
      for (int stream = 0; stream < printed.length(); stream++) {
        printed.set(stream, earlier.printed.get(stream));
      }
    }
  }

  public ExecSpec command() {
    return Objects.requireNonNull(command);
  }

  public GuestSetup setupSeen() {
    return Objects.requireNonNull(setup);
  }

  /** The command writes; returns when the worker has it safe. */
  public void prints(GuestStream stream, String text) throws InterruptedException {
    var data = text.getBytes(StandardCharsets.UTF_8);
    long offset = printed.getAndAdd(stream.ordinal(), data.length);
    Objects.requireNonNull(sink).output(stream, offset, data);
  }

  public void exits(int code) {
    ends(new GuestExec.ExecEnd(false, code, false, false, false, 0, 0, 4096));
  }

  /** The command ends while nobody listens; the next conversation hears of it. */
  public void exitsUnheard(int code) {
    unheard = new GuestExec.ExecEnd(false, code, false, false, false, 0, 0, 4096);
  }

  public void ends(GuestExec.ExecEnd end) {
    var output = sink;
    if (output != null) {
      try {
        output.ended(GuestStream.STDOUT, printed.get(GuestStream.STDOUT.ordinal()));
        output.ended(GuestStream.STDERR, printed.get(GuestStream.STDERR.ordinal()));
      } catch (InterruptedException brokeOff) {
        Thread.currentThread().interrupt();
        return;
      }
    }
    ended.complete(end);
  }

  /** The conversation breaks; the microVM may live on. */
  public void breaks(GuestException failure) {
    ended.completeExceptionally(failure);
    over.complete(failure);
  }

  public void vmmExits(int code) {
    vmExit.complete(code);
  }

  /** From now on no ping is answered. */
  public void fallsSilent() {
    silent = true;
  }

  /** The next signal the command got: number and {@code everything} or {@code process}. */
  public String awaitSignal() throws InterruptedException {
    var signal = signals.poll(20, TimeUnit.SECONDS);
    if (signal == null) {
      throw new AssertionError("no signal came");
    }
    return signal;
  }

  /** Waits until the worker has asked whether the guest lives. */
  public void awaitPing() throws InterruptedException {
    if (pings.poll(20, TimeUnit.SECONDS) == null) {
      throw new AssertionError("no ping came");
    }
  }

  public int signalsLeft() {
    return signals.size();
  }

  @Override
  public GuestHello hello() {
    return new GuestHello(
        1,
        Duration.ZERO,
        "0",
        "6.1.0-test",
        "x86_64",
        earlier == null ? GuestHello.SetupState.NONE : GuestHello.SetupState.DONE,
        earlier == null || command == null
            ? List.of()
            : List.of(
                new GuestHello.KnownExec(
                    1,
                    unheard != null,
                    printed.get(GuestStream.STDOUT.ordinal()),
                    printed.get(GuestStream.STDOUT.ordinal()),
                    printed.get(GuestStream.STDERR.ordinal()),
                    printed.get(GuestStream.STDERR.ordinal()),
                    0)));
  }

  @Override
  public List<StepTime> setup(GuestSetup wanted, Duration timeout)
      throws GuestException, InterruptedException {
    host.step(Step.SETUP, GuestException.class);
    setup = wanted;
    return List.of();
  }

  @Override
  public GuestExec start(ExecSpec spec, OutputSink output, Duration timeout)
      throws GuestException, InterruptedException {
    return start(1, spec, output, timeout);
  }

  @Override
  public GuestExec start(int execId, ExecSpec spec, OutputSink output, Duration timeout)
      throws GuestException, InterruptedException {
    host.step(Step.START, GuestException.class);
    command = spec;
    sink = output;
    host.guestStarted(this);
    return new ScriptedExec();
  }

  @Override
  public GuestExec adopt(int execId, long stdoutSafe, long stderrSafe, OutputSink output) {
    sink = output;
    host.guestStarted(this);
    var end = unheard;
    if (end != null) {
      ends(end);
    }
    return new ScriptedExec();
  }

  @Override
  public Duration ping(Duration timeout) throws GuestException {
    pings.add(timeout);
    if (silent) {
      throw new GuestException(GuestException.Kind.TIMEOUT, "no answer");
    }
    return Duration.ofMillis(1);
  }

  @Override
  public void powerOff(Duration timeout) {}

  @Override
  public CompletableFuture<GuestException> over() {
    return over;
  }

  @Override
  public void close() {
    try {
      host.undone("session " + name, "session");
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    var closed = new GuestException(GuestException.Kind.GONE, "closed");
    ended.completeExceptionally(closed);
    over.complete(closed);
  }

  private final class ScriptedExec implements GuestExec {
    @Override
    public int id() {
      return 1;
    }

    @Override
    public CompletableFuture<ExecEnd> ended() {
      return ended;
    }

    @Override
    public void signal(int number, boolean everything) {
      signals.add(number + (everything ? " everything" : " process"));
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
