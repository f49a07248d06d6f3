package dev.mayfly.worker.core.guest;

import java.util.concurrent.CompletableFuture;

/** A command that runs, or ran, in the guest. Thread-safe. */
public interface GuestExec {

  int id();

  /**
   * Completes when the command has ended and its last byte of output is safe with the sink;
   * exceptionally with a {@link GuestException} when the conversation ends first.
   */
  CompletableFuture<ExecEnd> ended();

  /**
   * Sends a signal.
   *
   * @param everything to all that the exec started, else to its first process only
   */
  void signal(int number, boolean everything) throws GuestException, InterruptedException;

  /**
   * Writes to the command's stdin; blocks while the guest does not take more. What a command that
   * has ended did not read is dropped, as a pipe would.
   */
  void stdin(byte[] data) throws GuestException, InterruptedException;

  /**
   * Blocks until more than so many bytes of stdin were written to the process, and returns how
   * many; all that were sent when it has ended. Of an adopted exec whose stdin was closed before,
   * that is when it ends.
   *
   * @param beyond -1: until it is known at all
   */
  long awaitStdin(long beyond) throws GuestException, InterruptedException;

  /** Closes the command's stdin. Idempotent. */
  void closeStdin() throws GuestException, InterruptedException;

  /**
   * Lets the guest free what it keeps of an exec whose {@link #ended()} is complete (else an
   * IllegalStateException). Idempotent.
   */
  void forget() throws GuestException, InterruptedException;

  /**
   * How a command ended.
   *
   * @param signalled true: {@code value} is a signal number, else an exit code
   * @param killedForMemory the guest's kernel killed something of this exec for memory
   * @param scratchWasFull the scratch disk was full at some time
   * @param outputGivenUp something left behind held the output open; it was killed
   * @param peakMemoryKib 0 when unknown
   */
  record ExecEnd(
      boolean signalled,
      int value,
      boolean killedForMemory,
      boolean scratchWasFull,
      boolean outputGivenUp,
      long userMicros,
      long systemMicros,
      long peakMemoryKib) {

    /** As a shell reports it: the exit code, or 128 + the signal. */
    public int exitCode() {
      return signalled ? Math.min(255, 128 + value) : value;
    }
  }
}
