package dev.mayfly.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Time that passes only by pauses and by order. */
final class ManualTime implements TimeSource {
  private final List<Duration> pauses = new ArrayList<>();
  private long nanos;

  @Override
  public long nanoTime() {
    return nanos;
  }

  @Override
  public void pause(Duration duration) {
    pauses.add(duration);
    nanos += duration.toNanos();
  }

  void advance(Duration duration) {
    nanos += duration.toNanos();
  }

  List<Duration> pauses() {
    return pauses;
  }
}
