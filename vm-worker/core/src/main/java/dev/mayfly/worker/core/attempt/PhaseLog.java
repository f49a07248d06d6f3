package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.Phase;
import dev.mayfly.worker.core.time.Timers;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/** When each phase of an attempt was reached, since the assignment came. Thread-safe. */
final class PhaseLog {
  private final Timers timers;
  private final long assignedAt;
  private final EnumMap<Phase, Duration> reached = new EnumMap<>(Phase.class);

  /**
   * A log.
   *
   * @param earlier phases that an earlier worker process saw
   */
  PhaseLog(Timers timers, long assignedAt, Map<Phase, Duration> earlier) {
    this.timers = timers;
    this.assignedAt = assignedAt;
    reached.putAll(earlier);
  }

  synchronized void reach(Phase phase) {
    reached.putIfAbsent(phase, timers.since(assignedAt));
  }

  synchronized boolean has(Phase phase) {
    return reached.containsKey(phase);
  }

  synchronized Map<Phase, Duration> reached() {
    return Map.copyOf(reached);
  }
}
