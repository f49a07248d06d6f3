package dev.mayfly.core.job;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumMap;
import java.util.Map;

/**
 * What each event makes of an attempt in each state. Pure and total. States only move forward:
 * Placed, Preparing, Running, Finished; a report may skip states, because each report carries all
 * that was reached before it.
 */
public final class AttemptMachine {

  /** Longer than any job may run; a larger time is a broken clock and is cut off here. */
  private static final long MAX_MICROS = 30L * 24 * 3600 * 1_000_000;

  private AttemptMachine() {}

  public static AttemptStep apply(Attempt attempt, AttemptEvent event) {
    if (attempt.state() instanceof AttemptState.Finished) {
      return new AttemptStep.Unchanged();
    }
    return switch (event) {
      case AttemptEvent.Reported reported -> reported(attempt, reported);
      case AttemptEvent.Refused refused -> refused(attempt, refused);
      case AttemptEvent.LeaseExpired expired ->
          givenUp(
              attempt,
              new Outcome.Faulted(
                  FaultCode.WORKER_LOST,
                  "The worker was not heard of within the lease, or came back without the microVM."),
              expired.at(),
              false);
      case AttemptEvent.Withdrawn withdrawn ->
          attempt.state() instanceof AttemptState.Placed
              ? givenUp(attempt, new Outcome.Cancelled(), withdrawn.at(), false)
              : new AttemptStep.Refused("the worker already has it");
    };
  }

  private static AttemptStep reported(Attempt attempt, AttemptEvent.Reported event) {
    if (event.number() <= attempt.reportNumber()) {
      return new AttemptStep.Unchanged();
    }
    Map<Phase, Instant> phases = phases(attempt, event);
    Attempt next =
        switch (event.change()) {
          case AttemptEvent.Change.Preparing _ ->
              attempt.with(
                  attempt.state() instanceof AttemptState.Placed
                      ? new AttemptState.Preparing()
                      : attempt.state(),
                  event.number(),
                  phases);
          case AttemptEvent.Change.Running running ->
              attempt
                  .with(new AttemptState.Running(), event.number(), phases)
                  .running(running.vmm(), running.guestKernel());
          case AttemptEvent.Change.Finished finished ->
              attempt
                  .with(
                      new AttemptState.Finished(
                          finished.outcome(), finished.receivedAt(), finished.logChunks(), false),
                      event.number(),
                      phases)
                  .withPeakMemory(finished.peakMemoryKib());
        };
    return new AttemptStep.Changed(next);
  }

  private static Map<Phase, Instant> phases(Attempt attempt, AttemptEvent.Reported event) {
    Map<Phase, Instant> phases = new EnumMap<>(Phase.class);
    phases.putAll(attempt.phases());
    event
        .microsSincePlaced()
        .forEach((phase, micros) -> {
          long sane = Math.clamp(micros, 0, MAX_MICROS);
          phases.putIfAbsent(phase, attempt.placedAt().plus(sane, ChronoUnit.MICROS));
        });
    return phases;
  }

  private static AttemptStep refused(Attempt attempt, AttemptEvent.Refused event) {
    return switch (attempt.state()) {
      case AttemptState.Placed _, AttemptState.Preparing _ ->
          givenUp(attempt, new Outcome.Faulted(event.code(), event.reason()), event.at(), true);
      case AttemptState.Running _ -> new AttemptStep.Refused("it already runs");
      case AttemptState.Finished _ -> new AttemptStep.Unchanged();
    };
  }

  private static AttemptStep givenUp(
      Attempt attempt, Outcome outcome, Instant at, boolean refused) {
    Map<Phase, Instant> phases = new EnumMap<>(Phase.class);
    phases.putAll(attempt.phases());
    phases.putIfAbsent(Phase.ENDED, at);
    return new AttemptStep.Changed(
        attempt.with(
            new AttemptState.Finished(outcome, at, attempt.log().chunks(), refused),
            attempt.reportNumber(),
            phases));
  }
}
