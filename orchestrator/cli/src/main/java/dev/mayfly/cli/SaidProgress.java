package dev.mayfly.cli;

import dev.mayfly.client.TransferProgress;
import java.time.Duration;
import java.util.function.LongSupplier;

/** Says now and then how far a transfer is, once it takes longer than a moment. One thread only. */
final class SaidProgress implements TransferProgress {
  private static final long PAUSE_NANOS = Duration.ofSeconds(3).toNanos();

  private final Output output;
  private final String what;
  private final LongSupplier nanoTime;
  private long saidAt;

  SaidProgress(Output output, String what, LongSupplier nanoTime) {
    this.output = output;
    this.what = what;
    this.nanoTime = nanoTime;
    this.saidAt = nanoTime.getAsLong();
  }

  @Override
  public void at(long done, long total) {
    long now = nanoTime.getAsLong();
    if (done < total && now - saidAt >= PAUSE_NANOS) {
      saidAt = now;
      output.sayIfPossible(what + ": " + Tables.size(done) + " of " + Tables.size(total));
    }
  }
}
