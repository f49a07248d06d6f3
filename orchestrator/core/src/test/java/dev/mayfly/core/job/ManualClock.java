package dev.mayfly.core.job;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** Time that moves only when told. */
public final class ManualClock implements InstantSource {
  private Instant now = Instant.parse("2026-11-21T10:00:00Z");

  @Override
  public synchronized Instant instant() {
    return now;
  }

  public synchronized void advance(Duration duration) {
    now = now.plus(duration);
  }
}
