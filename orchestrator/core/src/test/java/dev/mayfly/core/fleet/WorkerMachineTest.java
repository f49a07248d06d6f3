package dev.mayfly.core.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the tables in ops/docs/states.md do not show. */
class WorkerMachineTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @Test
  void onlyWhoIsOnlineAndAcceptingTakesWork() {
    for (WorkerState state : WorkerState.values()) {
      Stream.of(new Duty.Accepting(), new Duty.Draining(NOON), new Duty.Quarantined("r", NOON))
          .forEach(duty ->
              assertThat(WorkerMachine.takesWork(state, duty))
                  .isEqualTo(state == WorkerState.ONLINE && duty instanceof Duty.Accepting));
    }
  }

  @Test
  void whoWasNeverSeenJoins() {
    assertThat(WorkerMachine.registered(Optional.empty())).isEqualTo(WorkerState.JOINING);
    assertThat(WorkerMachine.registered(Optional.of(WorkerState.LOST)))
        .isEqualTo(WorkerState.ONLINE);
  }

  @Test
  void theFirstDrainAndTheFirstReasonStay() {
    Duty draining = new Duty.Draining(NOON);
    assertThat(WorkerMachine.apply(draining, new WorkerEvent.Order.Drain(NOON.plusSeconds(1))))
        .isEqualTo(draining);
    Duty quarantined = new Duty.Quarantined("first", NOON);
    assertThat(
            WorkerMachine.apply(
                quarantined, new WorkerEvent.Order.Quarantine("second", NOON.plusSeconds(1))))
        .isEqualTo(quarantined);
    assertThat(
            WorkerMachine.apply(
                draining, new WorkerEvent.Order.Quarantine("r", NOON.plusSeconds(1))))
        .isEqualTo(new Duty.Quarantined("r", NOON.plusSeconds(1)));
  }
}
