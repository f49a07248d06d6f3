package dev.mayfly.core.fleet;

import java.time.Instant;

/**
 * Whether a worker is meant to take work; beside this, whether it can is its {@link WorkerState}.
 */
public sealed interface Duty {

  /** It takes work. */
  record Accepting() implements Duty {}

  /** A person asked that it takes no new work; what it runs goes on. */
  record Draining(Instant since) implements Duty {}

  /**
   * It takes no new work until a person resumes it.
   *
   * @param reason for people, at most 500 characters
   */
  record Quarantined(String reason, Instant since) implements Duty {}
}
