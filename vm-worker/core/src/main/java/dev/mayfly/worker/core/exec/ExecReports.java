package dev.mayfly.worker.core.exec;

import dev.mayfly.worker.core.guest.GuestException;
import java.io.IOException;

/**
 * Port to whoever owns the attempt; told what becomes of its execs. Called by threads of the execs,
 * at most one at a time per exec; must be thread-safe and must not wait for an exec.
 */
public interface ExecReports {

  /**
   * It runs in the guest. Told again for an exec that a restarted worker took up.
   *
   * @param mark to be known by the next worker process
   */
  void started(int number, ExecMark mark);

  /** The guest has got a signal; the mark takes the place of the one before. */
  void signalled(int number, ExecMark mark);

  /**
   * It is over and its output is in the log. When this returns the end must be as durable as it has
   * to be: the guest forgets the exec then. Told once per exec by each {@link Execs}.
   */
  void ended(ExecResult result);

  /**
   * The guest does not answer, or the conversation is over, and so an exec can not go on; nothing
   * is told of that exec's end. Told once per exec at most.
   */
  void guestLost(int number, GuestException failure);

  /** The log could not be written: nothing more comes out of this guest. Told once at least. */
  void logBroke(IOException failure);
}
