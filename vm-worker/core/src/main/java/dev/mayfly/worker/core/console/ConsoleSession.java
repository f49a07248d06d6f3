package dev.mayfly.worker.core.console;

import dev.mayfly.worker.core.guest.ExecSpec;
import dev.mayfly.worker.core.guest.GuestChannel;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestExec;
import dev.mayfly.worker.core.guest.GuestHello;
import dev.mayfly.worker.core.guest.GuestHello.KnownExec;
import dev.mayfly.worker.core.guest.GuestHello.SetupState;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.guest.GuestSetup;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A guest that cannot be talked to, as if it could: the one exec it has is the guest itself, its
 * output is the console. Nobody reads the console before that exec was started or adopted; until
 * then the guest waits once some kilobytes are unread. What the guest prints while no worker is
 * connected is lost: its VMM keeps nothing. Thread-safe.
 */
public final class ConsoleSession implements GuestSession {
  /** The guest itself, as its exec; the id that the command of a batch has. */
  private static final int GUEST_ITSELF = 1;

  private final RunningMicroVm vm;
  private final GuestChannel console;
  private final boolean adopted;
  private final CompletableFuture<GuestException> over = new CompletableFuture<>();

  /**
   * A session over a console that was just connected.
   *
   * @param adopted the guest ran before, under an earlier worker process
   */
  public ConsoleSession(RunningMicroVm vm, GuestChannel console, boolean adopted) {
    this.vm = vm;
    this.console = console;
    this.adopted = adopted;
  }

  @Override
  public GuestHello hello() {
    return new GuestHello(
        0,
        Duration.ZERO,
        "none",
        "unknown",
        "unknown",
        SetupState.DONE,
        adopted ? List.of(new KnownExec(GUEST_ITSELF, false, 0, 0, 0, 0, 0)) : List.of());
  }

  @Override
  public List<StepTime> setup(GuestSetup setup, Duration timeout) {
    return List.of();
  }

  @Override
  public GuestExec start(ExecSpec spec, OutputSink output, Duration timeout) {
    return start(GUEST_ITSELF, spec, output, timeout);
  }

  @Override
  public GuestExec start(int execId, ExecSpec spec, OutputSink output, Duration timeout) {
    return read(execId, 0, output);
  }

  @Override
  public GuestExec adopt(int execId, long stdoutSafe, long stderrSafe, OutputSink output) {
    return read(execId, stdoutSafe, output);
  }

  private GuestExec read(int execId, long offset, OutputSink output) {
    if (execId != GUEST_ITSELF) {
      throw new IllegalStateException("a console guest runs nothing but itself");
    }
    var exec = new ConsoleExec(execId, vm, console, over);
    exec.begin(output, offset);
    return exec;
  }

  @Override
  public Duration ping(Duration timeout) throws GuestException {
    if (vm.exited().isDone()) {
      throw new GuestException(GuestException.Kind.GONE, "the microVM ended");
    }
    return Duration.ZERO;
  }

  /** It cannot be asked. */
  @Override
  public void powerOff(Duration timeout) {}

  @Override
  public CompletableFuture<GuestException> over() {
    return over.copy();
  }

  @Override
  public void close() {
    try {
      console.close();
    } catch (IOException alreadyGone) {
      // What it was connected to has ended.
    }
  }
}
