package dev.mayfly.core.job;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import java.time.Instant;
import java.util.Map;

/** What can happen to an attempt. */
public sealed interface AttemptEvent {

  /**
   * The worker reported.
   *
   * @param number per attempt, from 1; a number already applied changes nothing
   * @param microsSincePlaced every phase reached so far, by the worker's monotonic clock
   */
  record Reported(long number, Map<Phase, Long> microsSincePlaced, Change change)
      implements AttemptEvent {
    public Reported {
      microsSincePlaced = Map.copyOf(microsSincePlaced);
    }
  }

  /** The worker would not take it; it never started. */
  record Refused(FaultCode code, String reason, Instant at) implements AttemptEvent {}

  /** Its lease ran out. */
  record LeaseExpired(Instant at) implements AttemptEvent {}

  /** Cancelled although its worker never heard of it. */
  record Withdrawn(Instant at) implements AttemptEvent {}

  /** What a report says. */
  sealed interface Change {
    record Preparing() implements Change {}

    record Running(String vmm, String guestKernel) implements Change {}

    record Finished(Outcome outcome, long logChunks, long peakMemoryKib, Instant receivedAt)
        implements Change {}
  }
}
