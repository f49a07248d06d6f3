package dev.mayfly.worker.core.guest;

import java.io.Closeable;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * One conversation with a guest agent over one {@link GuestChannel}, after HELLO was answered.
 * Thread-safe. Everything that comes out of the guest has been checked before it reaches a caller;
 * the first violation ends the conversation.
 */
public interface GuestSession extends Closeable {

  /** What the agent said of itself and of the execs it still has. */
  GuestHello hello();

  /**
   * Gives the guest its identity, mounts and network. Idempotent.
   *
   * @return how long each step took in the guest
   * @throws GuestException SETUP_FAILED, TIMEOUT, VIOLATION or GONE
   */
  List<StepTime> setup(GuestSetup setup, Duration timeout)
      throws GuestException, InterruptedException;

  /**
   * Starts a command and returns once the guest says that it runs.
   *
   * @param output takes every byte of output, once, in order per stream
   * @throws GuestException EXEC_FAILED, TIMEOUT, VIOLATION or GONE
   */
  GuestExec start(ExecSpec spec, OutputSink output, Duration timeout)
      throws GuestException, InterruptedException;

  /**
   * Takes up an exec that an earlier conversation started.
   *
   * @param stdoutSafe how many bytes of its stdout are safe already; nothing before is given to the
   *     sink again
   */
  GuestExec adopt(int execId, long stdoutSafe, long stderrSafe, OutputSink output)
      throws GuestException, InterruptedException;

  /** Measures a round trip; used as liveness check. */
  Duration ping(Duration timeout) throws GuestException, InterruptedException;

  /**
   * Asks the guest to power off and returns when it said BYE, the stream ended, or the time is
   * over.
   */
  void powerOff(Duration timeout) throws InterruptedException;

  /** Completes (never exceptionally) when the conversation is over, with why: GONE, VIOLATION. */
  CompletableFuture<GuestException> over();

  /** Ends the conversation without telling the guest; what runs there goes on. Idempotent. */
  @Override
  void close();

  /** Where output goes. Called by one thread at a time per session. */
  interface OutputSink {
    /**
     * Returns when the bytes are safe; they are acknowledged to the guest then. Blocking holds the
     * guest's process back.
     *
     * @param offset of the first byte in its stream
     */
    void output(GuestStream stream, long offset, byte[] data) throws InterruptedException;
  }

  /** The output streams of an exec, with their number on the wire. */
  enum GuestStream {
    STDOUT(1),
    STDERR(2);

    private final int wire;

    GuestStream(int wire) {
      this.wire = wire;
    }

    public int wire() {
      return wire;
    }
  }

  /** How long one step of the setup took in the guest. */
  record StepTime(String step, Duration time) {}
}
