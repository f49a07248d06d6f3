package dev.mayfly.client;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Pauses between tries: they double up to a limit, and vary, so that many clients spread out. */
final class Backoff {
  static final Duration FIRST = Duration.ofMillis(100);

  /** A returning orchestrator is noticed within this. */
  static final Duration LONGEST = Duration.ofSeconds(5);

  private Duration next = FIRST;

  /** The next pause: between half of the nominal one and all of it. */
  Duration next() {
    long nominal = next.toMillis();
    next = Duration.ofMillis(Math.min(nominal * 2, LONGEST.toMillis()));
    return Duration.ofMillis(ThreadLocalRandom.current().nextLong(nominal / 2, nominal + 1));
  }

  void reset() {
    next = FIRST;
  }
}
