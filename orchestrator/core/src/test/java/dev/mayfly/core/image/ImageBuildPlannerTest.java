package dev.mayfly.core.image;

import static dev.mayfly.core.image.ImageBuildTable.after;
import static dev.mayfly.core.image.ImageBuildTable.requested;
import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.Examples;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ImageBuildPlannerTest {
  private static final Instant SILENT_SINCE = NOON.minusSeconds(15);
  private final Worker first = Examples.worker("a", NOON);
  private final Worker second = Examples.worker("b", NOON);

  private static List<ImageBuildPlanner.Change> plan(
      List<ImageBuild> open, Instant now, Worker... workers) {
    return ImageBuildPlanner.plan(
        open,
        new FleetView(
            Stream.of(workers).map(worker -> new FleetView.Member(worker, Capacity.NONE)).toList()),
        Map.of(open.getFirst().image(), "x86_64"),
        now,
        SILENT_SINCE);
  }

  private static ImageBuildPlanner.Change given(ImageBuild build, Worker worker) {
    return new ImageBuildPlanner.Change(build, new ImageBuildEvent.Given(worker.id(), NOON));
  }

  @Test
  void eachWorkerGetsOneBuildAndTheFirstAskedForGoFirst() {
    ImageBuild one = requested("one:1");
    ImageBuild two = requested("two:1");
    ImageBuild three = requested("three:1");
    assertThat(plan(List.of(one, two, three), NOON, first, second))
        .containsExactly(given(one, first), given(two, second));
    ImageBuild running = after(one, new ImageBuildEvent.Given(first.id(), NOON));
    assertThat(plan(List.of(running, two, three), NOON, first, second))
        .containsExactly(given(two, second));
  }

  @Test
  void whoIsAwayOrOffDutyOrOfAnotherArchitectureGetsNone() {
    ImageBuild build = requested("one:1");
    assertThat(
            plan(
                List.of(build),
                NOON,
                first.withState(WorkerState.SILENT, NOON),
                first.withDuty(new Duty.Draining(NOON)),
                Examples.worker("late", SILENT_SINCE.minusMillis(1))))
        .isEmpty();
    assertThat(
            ImageBuildPlanner.plan(
                List.of(build),
                new FleetView(List.of(new FleetView.Member(first, Capacity.NONE))),
                Map.of(build.image(), "aarch64"),
                NOON,
                SILENT_SINCE))
        .isEmpty();
  }

  @Test
  void whereABuildWasLostItGoesOnlyWhenNowhereElse() {
    ImageBuild lost =
        after(
            after(requested("one:1"), new ImageBuildEvent.Given(first.id(), NOON)),
            new ImageBuildEvent.Lost(first.id(), "gone", NOON));
    assertThat(plan(List.of(lost), NOON, first, second)).containsExactly(given(lost, second));
    assertThat(plan(List.of(lost), NOON, first)).containsExactly(given(lost, first));
  }

  @Test
  void aBuildIsGivenUpWithItsWorkerButNotWithASilentOne() {
    ImageBuild running = after(requested("one:1"), new ImageBuildEvent.Given(first.id(), NOON));
    assertThat(plan(List.of(running), NOON, first.withState(WorkerState.SILENT, NOON))).isEmpty();
    for (WorkerState gone : List.of(WorkerState.LOST, WorkerState.LEFT)) {
      assertThat(plan(List.of(running), NOON, first.withState(gone, NOON)))
          .singleElement()
          .satisfies(change -> assertThat(change.event()).isInstanceOf(ImageBuildEvent.Lost.class));
    }
  }

  @Test
  void aBuildWhoseWorkerDoesNotEndItInTimeIsEnded() {
    ImageBuild running = after(requested("one:1"), new ImageBuildEvent.Given(first.id(), NOON));
    Instant late = NOON.plus(ImageBuild.TIMEOUT).plus(Duration.ofMinutes(5));
    assertThat(plan(List.of(running), late, first)).isEmpty();
    assertThat(plan(List.of(running), late.plusMillis(1), first))
        .containsExactly(
            new ImageBuildPlanner.Change(
                running, new ImageBuildEvent.TimedOut(late.plusMillis(1))));
  }
}
