package dev.mayfly.core.placement;

import static dev.mayfly.core.job.Examples.CI;
import static dev.mayfly.core.job.Examples.NOON;
import static dev.mayfly.core.job.Examples.demand;
import static dev.mayfly.core.placement.Fleets.SILENT_SINCE;
import static dev.mayfly.core.placement.Fleets.fleet;
import static dev.mayfly.core.placement.Fleets.idle;
import static dev.mayfly.core.placement.Fleets.using;
import static dev.mayfly.core.placement.Fleets.worker;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.Priority;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.image.BundleSupply;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.quota.PoolStrategy;
import dev.mayfly.core.quota.Quotas;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PlacementPolicyTest {
  private static final Demand ANY = demand(Shape.DEFAULT);
  private static final Demand WHOLE = demand(new Shape(4, 8192, 2048));

  private static PlacementPolicy over(FleetView.Member... members) {
    return new PlacementPolicy(fleet(members), Quotas.NONE, BundleSupply.NONE, SILENT_SINCE);
  }

  private static PlacementDecision on(Worker worker) {
    return new PlacementDecision.Place(worker.id());
  }

  private static PlacementDecision waits(int eligible) {
    return new PlacementDecision.Wait(eligible);
  }

  static Stream<Arguments> obstacles() {
    return Stream.of(
        Arguments.of(Explanation.Rule.LEFT, worker("w").state(WorkerState.LEFT)),
        Arguments.of(Explanation.Rule.SILENT, worker("w").state(WorkerState.SILENT)),
        Arguments.of(Explanation.Rule.SILENT, worker("w").state(WorkerState.LOST)),
        Arguments.of(Explanation.Rule.SILENT, worker("w").state(WorkerState.JOINING)),
        Arguments.of(Explanation.Rule.SILENT, worker("w").seen(SILENT_SINCE.minusNanos(1))),
        Arguments.of(Explanation.Rule.DRAINING, worker("w").duty(new Duty.Draining(NOON))),
        Arguments.of(
            Explanation.Rule.QUARANTINED, worker("w").duty(new Duty.Quarantined("bad", NOON))),
        Arguments.of(Explanation.Rule.NO_VMM, worker("w").withoutVmm()),
        Arguments.of(Explanation.Rule.IMAGE_ABSENT, worker("w").withoutImage()),
        Arguments.of(Explanation.Rule.ARCHITECTURE, worker("w").architecture("aarch64")),
        Arguments.of(Explanation.Rule.TOO_SMALL, worker("w").capacity(0, 8192, 40960)),
        Arguments.of(Explanation.Rule.TOO_SMALL, worker("w").capacity(4, 511, 40960)),
        Arguments.of(Explanation.Rule.TOO_SMALL, worker("w").capacity(4, 8192, 2047)));
  }

  @ParameterizedTest(name = "{0} {index}")
  @MethodSource("obstacles")
  void whoBreaksOneRuleIsNotEligible(Explanation.Rule rule, Fleets.Builder builder) {
    Worker worker = builder.build();
    assertThat(FitPolicy.obstacle(ANY, worker, BundleSupply.NONE, SILENT_SINCE)).contains(rule);
    assertThat(over(idle(worker)).decide(ANY, null)).isEqualTo(waits(0));
    Worker good = worker("good").build();
    assertThat(over(idle(worker), idle(good)).decide(ANY, null)).isEqualTo(on(good));
  }

  @Test
  void whoWasHeardOfJustInTimeIsEligible() {
    Worker worker = worker("w").seen(SILENT_SINCE).build();
    assertThat(over(idle(worker)).decide(ANY, null)).isEqualTo(on(worker));
  }

  @Test
  void aJobGoesOnlyWhereAllOfItsLabelsAre() {
    Worker plain = worker("a").build();
    Worker gpu = worker("b").label("gpu").build();
    PlacementPolicy policy = over(idle(plain), idle(gpu));
    assertThat(policy.decide(demand(Shape.DEFAULT, "gpu"), null)).isEqualTo(on(gpu));
    assertThat(policy.decide(demand(Shape.DEFAULT, "gpu", "zone=x"), null)).isEqualTo(waits(0));
  }

  @Test
  void eachPlacementTakesRoomFromThoseAfterIt() {
    Worker worker = worker("w").capacity(2, 1024, 8192).build();
    PlacementPolicy policy = over(idle(worker));
    assertThat(policy.decide(ANY, null)).isEqualTo(on(worker));
    assertThat(policy.decide(ANY, null)).isEqualTo(on(worker));
    assertThat(policy.decide(ANY, null)).isEqualTo(waits(1));
  }

  @Test
  void aPoolSpreadsUnlessItIsToPack() {
    Worker busy = worker("busy").build();
    Worker idle = worker("idle").build();
    FleetView fleet = fleet(using(busy, 2, 1024), idle(idle));
    assertThat(
            new PlacementPolicy(fleet, Quotas.NONE, BundleSupply.NONE, SILENT_SINCE)
                .decide(ANY, null))
        .isEqualTo(on(idle));
    Quotas packed =
        new Quotas(
            OptionalInt.empty(), Map.of(), Map.of(WorkerPoolName.DEFAULT, PoolStrategy.PACK));
    PlacementPolicy packing = new PlacementPolicy(fleet, packed, BundleSupply.NONE, SILENT_SINCE);
    assertThat(packing.decide(ANY, null)).isEqualTo(on(busy));
    assertThat(packing.decide(ANY, null)).isEqualTo(on(busy));
    assertThat(packing.decide(ANY, null)).isEqualTo(on(idle));
  }

  @Test
  void ofEqualWorkersTheFirstIsChosenEveryTime() {
    Worker first = worker("a").build();
    Worker second = worker("b").build();
    for (int i = 0; i < 10; i++) {
      assertThat(over(idle(first), idle(second)).decide(ANY, null)).isEqualTo(on(first));
    }
  }

  private static final BundleSupply SERVED = new BundleSupply(Set.of(Examples.BUNDLE), Map.of());

  @Test
  void whoLacksABundleThatIsServedTakesTheJobWhenNoHolderHasRoom() {
    Worker holder = worker("holder").build();
    Worker lacking = worker("a").withoutImage().build();
    PlacementPolicy policy =
        new PlacementPolicy(
            fleet(idle(lacking), using(holder, 3, 7000)), Quotas.NONE, SERVED, SILENT_SINCE);
    assertThat(policy.decide(ANY, null)).isEqualTo(on(holder));
    assertThat(policy.decide(ANY, null)).isEqualTo(on(lacking));
    assertThat(FitPolicy.obstacle(ANY, lacking, SERVED, SILENT_SINCE)).isEmpty();
  }

  @Test
  void whoFetchesTheBundleAlreadyGoesBeforeWhoWouldHaveTo() {
    Worker idle = worker("a").withoutImage().build();
    Worker fetching = worker("b").withoutImage().build();
    BundleSupply supply =
        new BundleSupply(Set.of(Examples.BUNDLE), Map.of(fetching.id(), Set.of(Examples.BUNDLE)));
    PlacementPolicy policy =
        new PlacementPolicy(
            fleet(idle(idle), using(fetching, 3, 1024)), Quotas.NONE, supply, SILENT_SINCE);
    assertThat(policy.decide(ANY, null)).isEqualTo(on(fetching));
    assertThat(policy.decide(ANY, null)).isEqualTo(on(idle));
  }

  @Test
  void whatIsNotServedDoesNotHelpWhoLacksIt() {
    Worker lacking = worker("a").withoutImage().build();
    BundleSupply other = new BundleSupply(Set.of(Examples.OTHER_BUNDLE), Map.of());
    assertThat(
            new PlacementPolicy(fleet(idle(lacking)), Quotas.NONE, other, SILENT_SINCE)
                .decide(ANY, null))
        .isEqualTo(waits(0));
  }

  @Test
  void whereAJobFailedItGoesOnlyWhenNowhereElse() {
    Worker failed = worker("a").build();
    Worker fuller = worker("b").build();
    assertThat(over(idle(failed), using(fuller, 3, 1024)).decide(ANY, failed.id()))
        .isEqualTo(on(fuller));
    assertThat(over(idle(failed), using(fuller, 4, 1024)).decide(ANY, failed.id()))
        .isEqualTo(on(failed));
  }

  @Test
  void aBigJobHoldsTheWorkerThatLacksLeastAgainstSmallerOnesAfterIt() {
    Worker nearly = worker("a").build();
    Worker full = worker("b").build();
    PlacementPolicy policy = over(using(nearly, 1, 512), using(full, 3, 512));
    assertThat(policy.decide(WHOLE, null)).isEqualTo(waits(2));
    assertThat(policy.held()).isEqualTo(Map.of(nearly.id(), WHOLE));
    assertThat(policy.decide(ANY, null)).isEqualTo(on(full));
    assertThat(policy.decide(ANY, null)).isEqualTo(waits(2));
  }

  @Test
  void noMoreThanAQuarterOfTheWorkersIsHeldForDifferentJobs() {
    List<FleetView.Member> members = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      members.add(using(worker("w" + i).build(), 1, 512));
    }
    for (int i = 0; i < 50; i++) {
      members.add(idle(worker("gone" + i).state(WorkerState.LEFT).build()));
    }
    PlacementPolicy policy = over(members.toArray(FleetView.Member[]::new));
    for (int i = 0; i < 10; i++) {
      assertThat(policy.decide(demand(new Shape(4, 8192 - i, 2048)), null)).isEqualTo(waits(12));
    }
    assertThat(policy.held()).hasSize(3);
    for (int i = 0; i < 27; i++) {
      assertThat(policy.decide(ANY, null)).isInstanceOf(PlacementDecision.Place.class);
    }
    assertThat(policy.decide(ANY, null)).isEqualTo(waits(12));
  }

  @Test
  void manyJobsOfOneSizeHoldOneWorkerOnly() {
    List<FleetView.Member> members = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      members.add(using(worker("w" + i).build(), 1, 512));
    }
    PlacementPolicy policy = over(members.toArray(FleetView.Member[]::new));
    for (int i = 0; i < 10; i++) {
      policy.decide(WHOLE, null);
    }
    assertThat(policy.held()).hasSize(1);
  }

  @Test
  void aJobThatFitsNowhereEverHoldsNothing() {
    PlacementPolicy policy = over(using(worker("w").build(), 4, 512));
    policy.decide(demand(new Shape(32, 512, 2048)), null);
    policy.decide(demand(CI, Priority.URGENT, Shape.DEFAULT, "gpu"), null);
    assertThat(policy.held()).isEmpty();
  }
}
