package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Label;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What a {@link dev.mayfly.core.fleet.WorkerStore} keeps. */
abstract class WorkerStoreContract extends StoreFixture {
  @Test
  void theFleetShowsWhatUnfinishedAttemptsReserve() {
    placed();
    finish(placed(), 0);
    FleetView fleet = workers.fleet();
    assertThat(fleet.members()).hasSize(1);
    assertThat(fleet.members().getFirst().worker()).isEqualTo(worker);
    assertThat(fleet.members().getFirst().used()).isEqualTo(new Capacity(1, 512, 2048));
  }

  @Test
  void aWorkerIsAsItLastRegisteredAndWasHeardOf() {
    Worker again =
        new Worker(
            worker.id(),
            "renamed",
            WorkerState.ONLINE,
            "0.2",
            "x86_64",
            "6.2",
            new Capacity(1, 2, 3),
            List.of(),
            Set.of(),
            Set.of(new Label("gpu")),
            new WorkerPoolName("big"),
            true,
            new Duty.Accepting(),
            NOON.plusSeconds(1));
    workers.register(again);
    assertThat(workers.find(worker.id())).contains(again);
    workers.mark(worker.id(), WorkerState.SILENT);
    assertThat(workers.find(worker.id()).orElseThrow().state()).isEqualTo(WorkerState.SILENT);
    assertThat(workers.heartbeat(worker.id(), NOON.plusSeconds(2), Set.of(Examples.OTHER_BUNDLE)))
        .isTrue();
    assertThat(workers.heartbeat(worker.id(), NOON.plusSeconds(3), Set.of())).isTrue();
    Worker heard = workers.find(worker.id()).orElseThrow();
    assertThat(heard.state()).isEqualTo(WorkerState.ONLINE);
    assertThat(heard.bundles()).containsExactly(Examples.OTHER_BUNDLE);
    assertThat(heard.lastSeenAt()).isEqualTo(NOON.plusSeconds(3));
    assertThat(workers.heartbeat(new WorkerId(UUID.randomUUID()), NOON, Set.of())).isFalse();
  }

  @Test
  void everyStateAndDutyIsReadAsItWasStored() {
    assertThat(workers.find(worker.id())).contains(worker);
    for (WorkerState state : WorkerState.values()) {
      workers.mark(worker.id(), state);
      assertThat(workers.find(worker.id()).orElseThrow().state()).isEqualTo(state);
    }
    for (Duty duty :
        List.of(
            new Duty.Draining(NOON),
            new Duty.Quarantined("3 faults in a row: BOOT_FAILED", NOON.plusSeconds(1)),
            new Duty.Accepting())) {
      assertThat(workers.setDuty(worker.id(), duty)).isTrue();
      assertThat(workers.find(worker.id()).orElseThrow().duty()).isEqualTo(duty);
      assertThat(workers.fleet().members().getFirst().worker().duty()).isEqualTo(duty);
    }
    assertThat(workers.setDuty(new WorkerId(UUID.randomUUID()), new Duty.Accepting())).isFalse();
    workers.mark(new WorkerId(UUID.randomUUID()), WorkerState.ONLINE);
    assertThat(workers.fleet().members()).hasSize(1);
  }

  @Test
  void registeringAgainDoesNotEndAQuarantine() {
    Duty quarantined = new Duty.Quarantined("It broke jobs.", NOON);
    workers.setDuty(worker.id(), quarantined);
    workers.register(worker);
    workers.heartbeat(worker.id(), NOON.plusSeconds(5), Set.of());
    assertThat(workers.find(worker.id()).orElseThrow().duty()).isEqualTo(quarantined);
  }

  @Test
  void aWorkerIsFoundByIdAndByNameTheOneHeardOfLast() {
    Worker twin = Examples.worker("host-1", NOON.plusSeconds(10));
    Worker old = Examples.worker("host-1", NOON.minusSeconds(10));
    workers.register(twin);
    workers.register(old);
    assertThat(workers.findByNameOrId("host-1")).contains(twin);
    assertThat(workers.findByNameOrId(worker.id().toString())).contains(worker);
    assertThat(workers.findByNameOrId("host-2")).isEmpty();
    assertThat(workers.findByNameOrId("")).isEmpty();
    assertThat(workers.findByNameOrId(UUID.randomUUID().toString())).isEmpty();
  }

  @Test
  void onlyWhoIsThereAndUnheardIsMarkedSilent() {
    Worker fresh = Examples.worker("fresh", NOON.plusSeconds(10));
    Worker left = Examples.worker("left", NOON);
    workers.register(fresh);
    workers.register(left);
    Worker joining = Examples.worker("joining", NOON);
    workers.register(joining);
    workers.mark(joining.id(), WorkerState.JOINING);
    workers.mark(left.id(), WorkerState.LEFT);
    assertThat(workers.markSilent(NOON.plusSeconds(5))).isEqualTo(2);
    assertThat(workers.markSilent(NOON.plusSeconds(5))).isZero();
    assertThat(
            workers.fleet().members().stream()
                .collect(
                    Collectors.toMap(
                        member -> member.worker().name(), member -> member.worker().state())))
        .isEqualTo(
            Map.of(
                "host-1", WorkerState.SILENT,
                "joining", WorkerState.SILENT,
                "fresh", WorkerState.ONLINE,
                "left", WorkerState.LEFT));
  }

  @Test
  void onlyWhoIsSilentForLongIsLostAndMayComeBack() {
    Worker online = Examples.worker("online", NOON);
    workers.register(online);
    workers.mark(worker.id(), WorkerState.SILENT);
    assertThat(workers.markLost(NOON)).isZero();
    assertThat(workers.markLost(NOON.plusSeconds(60))).isEqualTo(1);
    assertThat(workers.markLost(NOON.plusSeconds(60))).isZero();
    assertThat(state(worker)).isEqualTo(WorkerState.LOST);
    assertThat(state(online)).isEqualTo(WorkerState.ONLINE);
    workers.heartbeat(worker.id(), NOON.plusSeconds(70), Set.of());
    assertThat(state(worker)).isEqualTo(WorkerState.ONLINE);
  }

  @Test
  void aWorkerThatLeftIsNotBackByAHeartbeat() {
    workers.mark(worker.id(), WorkerState.LEFT);
    assertThat(workers.heartbeat(worker.id(), NOON.plusSeconds(1), Set.of())).isTrue();
    assertThat(state(worker)).isEqualTo(WorkerState.LEFT);
    workers.register(worker);
    assertThat(state(worker)).isEqualTo(WorkerState.ONLINE);
  }

  private WorkerState state(Worker which) {
    return workers.find(which.id()).orElseThrow().state();
  }

  private void ends(Outcome outcome, int second) {
    end(placed(), outcome, 0, NOON.plusSeconds(second));
  }

  private void breaks(FaultCode code, int second) {
    ends(new Outcome.Faulted(code, "It broke."), second);
  }

  @Test
  void faultsInARowAreCountedFromTheLatestOn() {
    breaks(FaultCode.VMM_DIED, 1);
    ends(new Outcome.Exited(1), 2);
    breaks(FaultCode.BOOT_FAILED, 3);
    breaks(FaultCode.VMM_DIED, 4);
    assertThat(workers.faultStreaks(NOON, 3)).isEmpty();
    breaks(FaultCode.BOOT_TIMEOUT, 5);
    placed();
    assertThat(workers.faultStreaks(NOON, 3)).isEqualTo(Map.of(worker.id(), 3));
    assertThat(workers.faultStreaks(NOON, 4)).isEmpty();
    assertThat(workers.faultStreaks(NOON.plusSeconds(3), 3)).isEmpty();
    assertThat(workers.faultStreaks(NOON.plusSeconds(3), 2)).isEqualTo(Map.of(worker.id(), 2));
  }

  @Test
  void whatIsNotTheWorkersDoingBreaksTheRow() {
    int second = 1;
    for (FaultCode code :
        List.of(
            FaultCode.WORKER_LOST,
            FaultCode.WORKER_LEAVING,
            FaultCode.OUT_OF_MEMORY,
            FaultCode.WORKER_FULL)) {
      breaks(FaultCode.BOOT_FAILED, second++);
      breaks(FaultCode.BOOT_FAILED, second++);
      breaks(code, second++);
      assertThat(workers.faultStreaks(NOON, 1)).isEmpty();
      breaks(FaultCode.BOOT_FAILED, second++);
      assertThat(workers.faultStreaks(NOON, 1)).isEqualTo(Map.of(worker.id(), 1));
      ends(new Outcome.Cancelled(), second++);
      assertThat(workers.faultStreaks(NOON, 1)).isEmpty();
    }
  }

  @Test
  void onlyAcceptingWorkersAreCountedAndWhatWasBeforeAResumeIsForgiven() {
    breaks(FaultCode.BOOT_FAILED, 1);
    breaks(FaultCode.BOOT_FAILED, 2);
    workers.setDuty(worker.id(), new Duty.Draining(NOON));
    assertThat(workers.faultStreaks(NOON, 2)).isEmpty();
    workers.setDuty(worker.id(), new Duty.Accepting());
    assertThat(workers.faultStreaks(NOON, 1)).isEmpty();
    breaks(FaultCode.BOOT_FAILED, 3);
    assertThat(workers.faultStreaks(NOON, 1)).isEqualTo(Map.of(worker.id(), 1));
    assertThat(workers.faultStreaks(NOON, 2)).isEmpty();
  }
}
