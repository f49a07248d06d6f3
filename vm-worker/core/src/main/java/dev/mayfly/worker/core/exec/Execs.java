package dev.mayfly.worker.core.exec;

import dev.mayfly.api.Outcome;
import java.util.List;
import java.util.OptionalLong;

/**
 * The execs of one attempt over one conversation with its guest. Made by {@link GuestExecs}.
 * Thread-safe; every call returns promptly. What becomes of them is told to {@link ExecReports}.
 *
 * <p>The guest knows exec {@code number} as {@code number + 1}, so that a restarted worker finds
 * its way: {@link #start} takes up an exec that the guest has already.
 */
public interface Execs {
  /** How many may be open at once: more are refused. A guest has few CPUs. */
  int MAX_OPEN = 32;

  /** How much input of an exec is taken that its process has not read: of the wire contract. */
  int INPUT_WINDOW_BYTES = 262_144;

  /**
   * Starts an exec, or takes it up again when the guest has it. Idempotent by number. It ends as
   * Faulted when it can not be started.
   */
  void start(ExecRequest request);

  /** Ends an exec as Faulted that was never started. Idempotent by number. */
  void refuse(int number, Outcome.Faulted why);

  /** Gives a piece of input; what is there already, or is not wanted, changes nothing. */
  void input(int number, long offset, byte[] data, boolean end);

  /** Sends a signal; a request that is known already changes nothing. */
  void signal(int number, ExecSignal signal);

  /** Asks everything in the guest to end (SIGTERM). Idempotent. */
  void terminateAll();

  /**
   * Since when no exec is open, by {@link dev.mayfly.worker.core.time.Timers#nanoTime}; empty while
   * one is.
   */
  OptionalLong idleSince();

  /** Numbers of the execs that are open. */
  List<Integer> open();

  /** What each living exec that takes input takes now. */
  List<InputCredit> credits();

  /**
   * Kills and forgets what an earlier worker process started and nobody has started again: to be
   * called once everything that is wanted has been given to {@link #start}. Idempotent.
   */
  void dropUnclaimed();

  /** Nothing more is told or done; the guest is not touched. Idempotent. */
  void close();
}
