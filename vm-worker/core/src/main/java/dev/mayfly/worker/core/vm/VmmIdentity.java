package dev.mayfly.worker.core.vm;

/**
 * The process of a VMM, told apart from a later one with the same pid.
 *
 * @param pid 0 when there is no process (simulated)
 * @param startTicks when it started, in clock ticks since the host booted
 */
public record VmmIdentity(long pid, long startTicks) {

  public VmmIdentity {
    if (pid < 0 || startTicks < 0) {
      throw new IllegalArgumentException("process " + pid + " of " + startTicks + " is not valid");
    }
  }
}
