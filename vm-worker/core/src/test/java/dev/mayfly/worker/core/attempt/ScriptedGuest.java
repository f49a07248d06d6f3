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
  private volatile boolean silent;
  private volatile @Nullable ExecSpec command;
  private volatile @Nullable GuestSetup setup;
  private volatile @Nullable OutputSink sink;

  ScriptedGuest(ScriptedHost host, String name, CompletableFuture<Integer> vmExit) {
    this.host = host;
    this.name = name;
    this.vmExit = vmExit;
  }

  public ExecSpec command() {
    return Objects.requireNonNull(command);
  }

  public GuestSetup setupSeen() {
    return Objects.requireNonNull(setup);
  }

  /** The command writes; returns when the worker has it safe. */
  public void prints(GuestStream stream, String text) throws InterruptedException {
    Objects.requireNonNull(sink).output(stream, 0, text.getBytes(StandardCharsets.UTF_8));
  }

  public void exits(int code) {
    ends(new GuestExec.ExecEnd(false, code, false, false, false, 0, 0, 4096));
  }

  public void ends(GuestExec.ExecEnd end) {
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
        1, Duration.ZERO, "0", "6.1.0-test", "x86_64", GuestHello.SetupState.NONE, List.of());
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
    host.step(Step.START, GuestException.class);
    command = spec;
    sink = output;
    host.guestStarted(this);
    return new ScriptedExec();
  }

  @Override
  public GuestExec adopt(int execId, long stdoutSafe, long stderrSafe, OutputSink output) {
    throw new UnsupportedOperationException("no test adopts");
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
    public void closeStdin() {}

    @Override
    public void forget() {}
  }
}
