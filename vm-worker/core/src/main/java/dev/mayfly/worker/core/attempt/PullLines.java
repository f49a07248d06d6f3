package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.bundle.PullListener;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Says in the log of a job how its image comes: a line for every tenth of it, or every 5 s, but no
 * two within a second. For one thread.
 */
final class PullLines implements PullListener {
  static final Duration AT_LEAST_EVERY = Duration.ofSeconds(5);
  static final Duration AT_MOST_EVERY = Duration.ofSeconds(1);
  private static final int STEPS = 10;
  private static final double NANOS = 1e9;

  private final String image;
  private final LongSupplier nanoTime;
  private final Consumer<String> tell;
  private final long began;
  private boolean told;
  private long toldAt;
  private long toldBytes;

  /**
   * @param nanoTime the monotonic clock
   * @param tell takes one line at a time
   */
  PullLines(String image, LongSupplier nanoTime, Consumer<String> tell) {
    this.image = image;
    this.nanoTime = nanoTime;
    this.tell = tell;
    this.began = nanoTime.getAsLong();
  }

  @Override
  public void progress(long bytesDone, long bytesTotal) {
    long now = nanoTime.getAsLong();
    long since = now - toldAt;
    boolean further = bytesDone - toldBytes >= Math.max(1, bytesTotal / STEPS);
    if (!told || since >= AT_LEAST_EVERY.toNanos() || further && since >= AT_MOST_EVERY.toNanos()) {
      told = true;
      toldAt = now;
      toldBytes = bytesDone;
      tell.accept(
          bytesTotal == 0
              ? "pulling " + image
              : "pulling " + image + ": " + mib(bytesDone) + " of " + mib(bytesTotal) + " MiB");
    }
  }

  @Override
  public void pulled() {
    tell.accept(
        String.format(Locale.ROOT, "pulled in %.1f s", (nanoTime.getAsLong() - began) / NANOS));
  }

  private static long mib(long bytes) {
    return (bytes + (1 << 20) - 1) >> 20;
  }
}
