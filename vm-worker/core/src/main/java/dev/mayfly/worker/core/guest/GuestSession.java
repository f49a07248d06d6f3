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
   * The same under an id of the caller's choice, which tells him later what it is.
   *
   * @param execId not used in this guest by an exec that is not forgotten; 1 or more
   */
  GuestExec start(int execId, ExecSpec spec, OutputSink output, Duration timeout)
      throws GuestException, InterruptedException;

  /**
   * Takes up an exec that an earlier conversation started.
   *
   * @param stdoutSafe how many bytes of its stdout are safe already; the sink gets what follows,
   *     also what another sink had been given and held back
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

  /**
   * Where the output of one exec goes; may hold bytes back until it knows what follows them. Called
   * by one thread at a time per session.
   */
  interface OutputSink {
    /**
     * A sink that holds back this many bytes of a stream has a bug: the guest's window would fill
     * up with what is never acknowledged.
     */
    int HELD_LIMIT = 65536;

    /**
     * Takes bytes and returns how much of the stream is safe; only that is acknowledged to the
     * guest. What is not safe when the conversation breaks comes again after {@link
     * GuestSession#adopt}. Blocking holds the guest's process back.
     *
     * @param offset of the first byte in its stream
     * @return the offset up to which the stream is safe: never less than before, at most the end of
     *     the data and less than {@link #HELD_LIMIT} before it; anything else ends the conversation
     */
    long output(GuestStream stream, long offset, byte[] data) throws InterruptedException;

    /**
     * The stream ends here; returns when all of it is safe. Called once per stream of a command
     * that ended, behind its last byte and before {@link GuestExec#ended()} completes; never when
     * the conversation breaks first.
     *
     * @param offset behind the last byte
     */
    default void ended(GuestStream stream, long offset) throws InterruptedException {}
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
