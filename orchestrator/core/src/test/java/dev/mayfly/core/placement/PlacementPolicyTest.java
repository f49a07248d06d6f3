package dev.mayfly.core.placement;

import static dev.mayfly.core.job.Examples.NOON;
import static dev.mayfly.core.job.Examples.worker;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.Shape;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Vmm;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.Examples;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PlacementPolicyTest {
  private static PlacementDecision decide(Shape shape, FleetView.Member... members) {
    return PlacementPolicy.decide(
        Examples.spec(shape), new FleetView(List.of(members)), NOON.minusSeconds(15));
  }

  private static FleetView.Member idle(Worker worker) {
    return new FleetView.Member(worker, Capacity.NONE, false);
  }

  private static void waits(PlacementDecision decision, String because) {
    assertThat(decision)
        .isInstanceOfSatisfying(
            PlacementDecision.Wait.class, wait -> assertThat(wait.because()).isEqualTo(because));
  }

  @Test
  void theWorkerWithMostFreeIsChosen() {
    Worker small = worker("a", new Capacity(2, 8192, 40960), NOON);
    Worker big = worker("b", new Capacity(8, 8192, 40960), NOON);
    assertThat(decide(Shape.DEFAULT, idle(small), idle(big)))
        .isEqualTo(new PlacementDecision.Place(big.id()));
    FleetView.Member busy = new FleetView.Member(big, new Capacity(7, 512, 2048), false);
    assertThat(decide(Shape.DEFAULT, idle(small), busy))
        .isEqualTo(new PlacementDecision.Place(small.id()));
  }

  @Test
  void eachReasonIsNamed() {
    Worker fine = worker("w", NOON);
    waits(decide(Shape.DEFAULT), "No worker has joined yet.");
    waits(
        decide(Shape.DEFAULT, idle(with(fine, WorkerState.LEFT, fine.vmms(), true))),
        "Worker w has left.");
    waits(
        decide(Shape.DEFAULT, idle(with(fine, WorkerState.SILENT, fine.vmms(), true))),
        "Worker w is not connected.");
    waits(
        decide(Shape.DEFAULT, idle(worker("w", NOON.minusSeconds(16)))),
        "Worker w is not connected.");
    List<Vmm> broken = List.of(new Vmm("qemu", "7", "kvm", false, "hangs"));
    waits(
        decide(Shape.DEFAULT, idle(with(fine, WorkerState.ONLINE, broken, true))),
        "Worker w has no VMM that works.");
    waits(
        decide(Shape.DEFAULT, idle(with(fine, WorkerState.ONLINE, fine.vmms(), false))),
        "Worker w does not have the image debian:12.");
    waits(
        decide(new Shape(5, 9000, 50000), idle(fine)),
        "Worker w is too small: has 4 of 5 CPUs, has 8192 of 9000 MiB memory, has 40960 of 50000"
            + " MiB scratch.");
  }

  private static Worker with(Worker worker, WorkerState state, List<Vmm> vmms, boolean image) {
    return new Worker(
        worker.id(),
        worker.name(),
        state,
        worker.version(),
        worker.architecture(),
        worker.hostKernel(),
        worker.capacity(),
        vmms,
        image ? worker.bundles() : Set.of(),
        worker.lastSeenAt());
  }

  @Test
  void aBusyWorkerIsHeldForTheJobThatCameFirst() {
    Worker worker = worker("w", NOON);
    FleetView fleet =
        new FleetView(List.of(new FleetView.Member(worker, new Capacity(2, 512, 2048), false)));
    PlacementDecision first =
        PlacementPolicy.decide(Examples.spec(new Shape(4, 512, 2048)), fleet, NOON);
    assertThat(first)
        .isInstanceOfSatisfying(
            PlacementDecision.Wait.class, wait -> assertThat(wait.hold()).isEqualTo(worker.id()));
    PlacementDecision second =
        PlacementPolicy.decide(Examples.spec(), fleet.holding(worker.id()), NOON);
    waits(second, "Worker w is kept free for a job that came earlier.");
  }

  @Test
  void aJobThatFitsNoWorkerEverHoldsNone() {
    Worker worker = worker("w", NOON);
    assertThat(decide(new Shape(32, 512, 2048), idle(worker)))
        .isInstanceOfSatisfying(
            PlacementDecision.Wait.class, wait -> assertThat(wait.hold()).isNull());
  }

  @Test
  void theWorkerThatWillSoonestHaveRoomIsNamedFirst() {
    FleetView.Member gone = idle(worker("a", NOON.minusSeconds(60)));
    FleetView.Member busy =
        new FleetView.Member(worker("b", NOON), new Capacity(4, 512, 2048), false);
    waits(
        decide(Shape.DEFAULT, gone, busy),
        "Worker b is busy: has free 0 of 1 CPUs. Worker a is not connected.");
  }

  @Test
  void manyWorkersAreCounted() {
    List<FleetView.Member> members = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      members.add(idle(worker("w" + i, NOON.minusSeconds(60))));
    }
    assertThat(decide(Shape.DEFAULT, members.toArray(FleetView.Member[]::new)))
        .isInstanceOfSatisfying(
            PlacementDecision.Wait.class,
            wait ->
                assertThat(wait.because())
                    .contains("w7")
                    .doesNotContain("w8")
                    .endsWith("None of 2 more can take it either."));
  }
}
