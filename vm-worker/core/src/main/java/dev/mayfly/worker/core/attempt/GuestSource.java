package dev.mayfly.worker.core.attempt;

import java.time.Duration;

/** The way an attempt comes to its guest. */
interface GuestSource {

  /** How long {@link #acquire} may take. */
  Duration limit();

  /**
   * Blocks until the guest is set up and answers; can be interrupted. What it has acquired is on
   * the attempt's undo at any moment.
   */
  LiveGuest acquire() throws AttemptFault, InterruptedException;
}
