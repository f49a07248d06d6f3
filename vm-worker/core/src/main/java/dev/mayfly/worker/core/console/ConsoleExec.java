package dev.mayfly.worker.core.console;

import dev.mayfly.worker.core.guest.GuestChannel;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestException.Kind;
import dev.mayfly.worker.core.guest.GuestExec;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSession.OutputSink;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A guest without an agent, as the exec it is: reads its console to the end. */
final class ConsoleExec implements GuestExec {
  /** A console ends because its VMM does; longer means that the VMM hangs. */
  private static final long EXIT_SECONDS = 10;

  private static final int READ_BYTES = 16 * 1024;
  private static final int SIGNALLED_ANYHOW = 9;

  private final int id;
  private final RunningMicroVm vm;
  private final GuestChannel console;
  private final CompletableFuture<GuestException> over;
  private final CompletableFuture<ExecEnd> ended = new CompletableFuture<>();

  /** Zero: it was not asked to end. */
  private volatile int signal;

  ConsoleExec(
      int id, RunningMicroVm vm, GuestChannel console, CompletableFuture<GuestException> over) {
    this.id = id;
    this.vm = vm;
    this.console = console;
    this.over = over;
  }

  /** Starts to read, on a thread of its own that ends with the console. */
  void begin(OutputSink output, long offset) {
    Thread.ofVirtual()
        .name("console of " + vm.identity().pid())
        .start(() -> {
          try {
            end(output, read(output, offset));
          } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
          } catch (GuestException failure) {
            over.complete(failure);
            ended.completeExceptionally(failure);
          } catch (RuntimeException bug) {
            var failure = new GuestException(Kind.GONE, "a bug of the worker: " + bug);
            over.complete(failure);
            ended.completeExceptionally(failure);
          }
        });
  }

  private long read(OutputSink output, long offset) throws InterruptedException {
    var buffer = ByteBuffer.allocate(READ_BYTES);
    var lines = new ConsoleLines();
    long at = offset;
    try {
      while (console.read(buffer.clear()) >= 0) {
        at = give(output, at, lines.next(buffer.array(), buffer.position()));
      }
    } catch (IOException cut) {
      // As good an end as any: which one it was says the VMM.
    }
    return give(output, at, lines.rest());
  }

  private static long give(OutputSink output, long offset, byte[] data)
      throws InterruptedException {
    if (data.length > 0) {
      output.output(GuestStream.STDOUT, offset, data);
    }
    return offset + data.length;
  }

  private void end(OutputSink output, long offset) throws GuestException, InterruptedException {
    output.ended(GuestStream.STDOUT, offset);
    output.ended(GuestStream.STDERR, 0);
    if (signal != 0) {
      over.complete(new GuestException(Kind.GONE, "the guest is being ended"));
      ended.complete(new ExecEnd(true, signal, false, false, false, 0, 0, 0));
      return;
    }
    try {
      vm.exited().get(EXIT_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException stillThere) {
      throw new GuestException(Kind.GONE, "its console ended, but the microVM did not");
    } catch (ExecutionException never) {
      throw new IllegalStateException("an exit never fails", never);
    }
    if (!vm.endedInOrder()) {
      throw new GuestException(Kind.GONE, "the microVM ended");
    }
    if (vm.panicked()) {
      throw new GuestException(Kind.GONE, "the guest's kernel panicked");
    }
    over.complete(new GuestException(Kind.GONE, "the guest powered off"));
    ended.complete(new ExecEnd(false, 0, false, false, false, 0, 0, 0));
  }

  @Override
  public int id() {
    return id;
  }

  @Override
  public CompletableFuture<ExecEnd> ended() {
    return ended;
  }

  /** It cannot be asked to end; so it is not listened to any more, and whoever waits goes on. */
  @Override
  public void signal(int number, boolean everything) {
    signal = number == 0 ? SIGNALLED_ANYHOW : number;
    try {
      console.close();
    } catch (IOException alreadyGone) {
      // Then the reader has seen the end.
    }
  }

  /** Nobody reads it. */
  @Override
  public void stdin(byte[] data) {}

  @Override
  public long awaitStdin(long beyond) throws InterruptedException {
    try {
      ended.get();
    } catch (ExecutionException lost) {
      // That is an end, too.
    }
    return Math.max(0, beyond);
  }

  @Override
  public void closeStdin() {}

  @Override
  public void forget() {}
}
