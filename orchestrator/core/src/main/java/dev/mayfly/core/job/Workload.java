package dev.mayfly.core.job;

import java.time.Duration;
import java.util.List;

/** What a job does. */
public sealed interface Workload {

  /**
   * We run one command; its end is the job's end.
   *
   * @param command argv; empty: what the image says
   */
  record Batch(List<String> command) implements Workload {
    public Batch {
      command = List.copyOf(command);
    }
  }

  /**
   * The front end opens execs until it releases the microVM.
   *
   * @param idle it ends when no exec was open for this long
   * @param lease it ends when the front end has not renewed it for this long
   */
  record Session(Duration idle, Duration lease) implements Workload {
    public Session {
      if (!idle.isPositive() || !lease.isPositive()) {
        throw new IllegalArgumentException("idle limit and lease must be positive");
      }
    }
  }
}
