package dev.mayfly.worker.daemon.link;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before dialling again: 0.2 s, doubled by each failure up to 5 s, and each time a
 * random part of it between half and all, so that the workers of a restarted orchestrator do not
 * come in step. Pure but for the random numbers it is given.
 */
final class Backoff {
  static final Duration FIRST = Duration.ofMillis(200);
  static final Duration MOST = Duration.ofSeconds(5);

  /** 0.2 s doubled this often is more than the most. */
  private static final int MAX_DOUBLINGS = 5;

  private Backoff() {}

  /**
   * The pause after so many failures in a row.
   *
   * @param failures from 0: the connection had worked
   */
  static Duration delay(int failures, RandomGenerator random) {
    long most = FIRST.toMillis() << Math.min(Math.max(0, failures), MAX_DOUBLINGS);
    long bound = Math.min(most, MOST.toMillis());
    return Duration.ofMillis(bound / 2 + random.nextLong(bound / 2 + 1));
  }
}
