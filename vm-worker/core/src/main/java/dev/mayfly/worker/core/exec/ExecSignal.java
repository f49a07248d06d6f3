package dev.mayfly.worker.core.exec;

/**
 * A signal that was asked for.
 *
 * @param request which request of its exec it is, from 1
 * @param signal 1 to 64
 * @param everything to all that the exec has started, else to its first process only
 */
public record ExecSignal(long request, int signal, boolean everything) {
  public ExecSignal {
    if (request < 1) {
      throw new IllegalArgumentException("signal number is " + request + ", must be 1 or more");
    }
    if (signal < 1 || signal > 64) {
      throw new IllegalArgumentException("signal is " + signal + ", must be 1 to 64");
    }
  }
}
