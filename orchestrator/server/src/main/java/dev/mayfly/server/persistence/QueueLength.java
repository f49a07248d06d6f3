package dev.mayfly.server.persistence;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;
import java.util.function.LongSupplier;

/**
 * How many jobs wait. Every submission asks, and counting a long queue each time would make its
 * length the price of a submission. So a large bound is answered from a count of up to a second ago
 * plus what was submitted here since; near the bound it is counted anew. Several orchestrators
 * together may so take in somewhat more than the bound. Thread-safe.
 */
class QueueLength {

  /** Up to this, counting costs less than it is worth to remember. */
  private static final int COUNTED_ALWAYS = 1000;

  private static final Duration FRESH = Duration.ofSeconds(1);

  private final IntUnaryOperator reading;
  private final LongSupplier nanos;
  private final AtomicInteger estimate = new AtomicInteger();
  private long countedAt;
  private int countedTo;

  /**
   * @param reading counts, no further than its argument
   * @param nanos a clock that only goes forward
   */
  QueueLength(IntUnaryOperator reading, LongSupplier nanos) {
    this.reading = reading;
    this.nanos = nanos;
  }

  void oneMore() {
    estimate.incrementAndGet();
  }

  int count(int atMost) {
    if (atMost <= COUNTED_ALWAYS) {
      return reading.applyAsInt(atMost);
    }
    return Math.min(atMost, fresh(atMost));
  }

  private synchronized int fresh(int atMost) {
    long now = nanos.getAsLong();
    boolean old = countedTo < atMost || now - countedAt > FRESH.toNanos();
    if (old || estimate.get() >= atMost) {
      int counted = reading.applyAsInt(atMost);
      estimate.set(counted);
      countedTo = atMost;
      countedAt = now;
    }
    return estimate.get();
  }
}
