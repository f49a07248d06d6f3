package dev.mayfly.cli;

/** The wishes of the user to end the command, and the way to end it at once. */
interface Signals {

  /** From now on runs this for each SIGINT, SIGTERM and SIGHUP, instead of ending the process. */
  void onInterrupt(Runnable action);

  /** Ends the process now, whatever its threads do. */
  void endNow(ExitCode code);
}
