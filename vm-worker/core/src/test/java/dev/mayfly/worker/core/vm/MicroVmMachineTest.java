package dev.mayfly.worker.core.vm;

import static dev.mayfly.worker.core.vm.MicroVmState.ALLOCATED;
import static dev.mayfly.worker.core.vm.MicroVmState.BOOTING;
import static dev.mayfly.worker.core.vm.MicroVmState.BROKEN;
import static dev.mayfly.worker.core.vm.MicroVmState.CLAIMED;
import static dev.mayfly.worker.core.vm.MicroVmState.DESTROYED;
import static dev.mayfly.worker.core.vm.MicroVmState.EXECUTING;
import static dev.mayfly.worker.core.vm.MicroVmState.READY;
import static dev.mayfly.worker.core.vm.MicroVmState.STOPPING;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class MicroVmMachineTest {
  /** What is not in the table is refused. */
  private static final Map<MicroVmEvent, Map<MicroVmState, MicroVmState>> TABLE =
      Map.of(
          MicroVmEvent.BOOTED, Map.of(ALLOCATED, BOOTING),
          MicroVmEvent.ANSWERED, Map.of(BOOTING, READY),
          MicroVmEvent.CLAIMED, Map.of(READY, CLAIMED),
          MicroVmEvent.ADOPTED, Map.of(ALLOCATED, CLAIMED),
          MicroVmEvent.EXECUTED, Map.of(CLAIMED, EXECUTING),
          MicroVmEvent.FAILED,
              Map.of(
                  ALLOCATED, BROKEN,
                  BOOTING, BROKEN,
                  READY, BROKEN,
                  CLAIMED, BROKEN,
                  EXECUTING, BROKEN,
                  BROKEN, BROKEN,
                  STOPPING, STOPPING),
          MicroVmEvent.STOPPED,
              Map.of(
                  ALLOCATED, STOPPING,
                  BOOTING, STOPPING,
                  READY, STOPPING,
                  CLAIMED, STOPPING,
                  EXECUTING, STOPPING,
                  BROKEN, STOPPING,
                  STOPPING, STOPPING,
                  DESTROYED, DESTROYED),
          MicroVmEvent.REMOVED, Map.of(STOPPING, DESTROYED));

  static Stream<Arguments> everyStateAndEvent() {
    return EnumSet.allOf(MicroVmState.class).stream()
        .flatMap(state ->
            EnumSet.allOf(MicroVmEvent.class).stream().map(event -> Arguments.of(state, event)));
  }

  @ParameterizedTest
  @MethodSource("everyStateAndEvent")
  void everyEventInEveryStateDoesWhatTheTableSays(MicroVmState state, MicroVmEvent event) {
    var expected = TABLE.getOrDefault(event, Map.of()).get(state);
    if (expected == null) {
      assertThat(MicroVmMachine.next(state, event)).isEmpty();
    } else {
      assertThat(MicroVmMachine.next(state, event)).contains(expected);
    }
  }

  @Test
  void thePrintedTableHoldsEveryStateWithEveryEventOnce() {
    assertThat(MicroVmMachine.table())
        .hasSize(MicroVmState.values().length * MicroVmEvent.values().length)
        .doesNotHaveDuplicates()
        .allSatisfy(row ->
            assertThat(row.to())
                .isEqualTo(
                    Optional.ofNullable(
                        TABLE.getOrDefault(row.event(), Map.of()).get(row.from()))));
  }

  @Test
  void aMicroVmThatServedAnAttemptIsNeverReadyAgain() {
    var reachable = EnumSet.of(CLAIMED);
    boolean grown = true;
    while (grown) {
      var next = EnumSet.copyOf(reachable);
      for (var state : reachable) {
        for (var event : MicroVmEvent.values()) {
          MicroVmMachine.next(state, event).ifPresent(next::add);
        }
      }
      grown = next.size() > reachable.size();
      reachable = next;
    }
    assertThat(reachable).doesNotContain(READY, BOOTING, ALLOCATED);
  }
}
