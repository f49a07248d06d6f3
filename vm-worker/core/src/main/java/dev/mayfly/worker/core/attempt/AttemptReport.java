package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.Phase;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.time.Duration;
import java.util.Map;

/**
 * One report about an attempt.
 *
 * @param number per attempt, from 1, without gaps
 * @param phases every phase reached so far, with the time since the assignment came
 */
public record AttemptReport(
    AttemptLease lease, long number, Map<Phase, Duration> phases, AttemptEvent event) {

  public AttemptReport {
    phases = Map.copyOf(phases);
  }
}
