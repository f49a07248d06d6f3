package dev.mayfly.core.job;

import dev.mayfly.api.JobId;
import java.time.InstantSource;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * Makes job ids: UUIDs of version 7 (RFC 9562), increasing within this process also inside one
 * millisecond and when the clock steps back. Thread-safe.
 */
public final class JobIds {

  /** 12 bits of rand_a serve as counter (RFC 9562, section 6.2, method 1). */
  private static final int MAX_COUNTER = 0xfff;

  /** The counter starts in the lower half, so that a millisecond has room for 2048 ids at least. */
  private static final int COUNTER_START_BOUND = 0x800;

  private final InstantSource clock;
  private final RandomGenerator random;
  private long lastMillis = -1;
  private int counter;

  public JobIds(InstantSource clock, RandomGenerator random) {
    this.clock = clock;
    this.random = random;
  }

  public synchronized JobId next() {
    long now = clock.millis();
    if (now > lastMillis) {
      lastMillis = now;
      counter = random.nextInt(COUNTER_START_BOUND);
    } else if (counter < MAX_COUNTER) {
      counter++;
    } else {
      lastMillis++;
      counter = random.nextInt(COUNTER_START_BOUND);
    }
    long high = (lastMillis << 16) | 0x7000L | counter;
    long low = (random.nextLong() & 0x3fffffffffffffffL) | 0x8000000000000000L;
    return new JobId(new UUID(high, low));
  }
}
