package dev.mayfly.worker.core.guest;

/** What runs as an exec in a {@link FakeGuest}, on a thread of its own. */
public interface FakeProgram {

  /**
   * Runs to its end; is interrupted when a signal ends it.
   *
   * @return the exit code
   */
  int run(FakeProcess process) throws InterruptedException;
}
