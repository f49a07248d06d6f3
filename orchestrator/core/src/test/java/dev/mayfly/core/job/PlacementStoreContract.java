package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.CI;
import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.JobStore.ProjectUse;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.quota.Project;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** How a {@link JobStore} commits placements. */
abstract class PlacementStoreContract extends StoreFixture {
  private static final ProjectName DOCS = new ProjectName("docs");
  private final Worker large =
      Examples.worker("large", new Capacity(1000, 1_000_000, 10_000_000), NOON);

  @Test
  void aPlacementThatNoLongerFitsIsRefused() {
    Job big = Examples.job(NOON, new Shape(3, 512, 2048));
    Job second = Examples.job(NOON, new Shape(2, 512, 2048));
    jobs.submit(big, null);
    jobs.submit(second, null);
    placed(big);
    JobStep step =
        JobMachine.apply(second, new JobEvent.Placed(worker.id(), LeasePolicy.DEFAULT, NOON));
    assertThat(
            jobs.commitPlacements(
                List.of(new JobStore.Placement(second, ((JobStep.Changed) step).job()))))
        .isEmpty();
    assertThat(read(second)).isEqualTo(second);
  }

  private Set<JobId> place(Worker on, Job... which) {
    return jobs.commitPlacements(Stream.of(which).map(job -> placement(job, on)).toList());
  }

  private Job small(ProjectName project) {
    return submitted(
        Examples.job(NOON, Examples.demand(project, Priority.NORMAL, new Shape(1, 128, 64))));
  }

  @Test
  void aBatchIsCommittedInItsOrderAndAsFarAsThereIsRoom() {
    Job first = submitted(Examples.job(NOON, new Shape(3, 512, 2048)));
    Job tooBig = submitted(Examples.job(NOON, new Shape(2, 512, 2048)));
    Job last = submitted(Examples.job(NOON, new Shape(1, 512, 2048)));
    assertThat(place(worker, first, tooBig, last)).containsExactlyInAnyOrder(first.id(), last.id());
    assertThat(read(first)).isEqualTo(placement(first, worker).after());
    assertThat(read(tooBig)).isEqualTo(tooBig);
    assertThat(jobs.commitPlacements(List.of())).isEmpty();
  }

  @Test
  void oneJobIsPlacedOnceOnly() {
    workers.register(large);
    Job job = small(CI);
    assertThat(jobs.commitPlacements(List.of(placement(job, worker), placement(job, large))))
        .containsExactly(job.id());
    assertThat(read(job).currentAttempt().worker()).isEqualTo(worker.id());
    assertThat(place(large, job)).isEmpty();
    assertThat(jobs.attempts(job.id())).hasSize(1);
  }

  @Test
  void whatChangedSinceItWasReadIsRefusedAloneInItsBatch() {
    Job cancelled = small(CI);
    Job fine = small(CI);
    commit(cancelled, new JobEvent.EndRequested(new EndRequest.Cancel(), NOON));
    assertThat(place(worker, cancelled, fine)).containsExactly(fine.id());
    assertThat(read(cancelled).state()).isEqualTo(JobState.FINISHED);
  }

  @Test
  void aWorkerThatTakesNoWorkIsGivenNone() {
    Job job = small(CI);
    for (Duty duty :
        List.of(new Duty.Draining(NOON), new Duty.Quarantined("It broke jobs.", NOON))) {
      workers.setDuty(worker.id(), duty);
      assertThat(place(worker, job)).isEmpty();
    }
    workers.setDuty(worker.id(), new Duty.Accepting());
    for (WorkerState state : EnumSet.complementOf(EnumSet.of(WorkerState.ONLINE))) {
      workers.mark(worker.id(), state);
      assertThat(place(worker, job)).isEmpty();
    }
    assertThat(place(large, job)).isEmpty();
    workers.mark(worker.id(), WorkerState.ONLINE);
    assertThat(place(worker, job)).containsExactly(job.id());
  }

  @Test
  void aProjectsCapIsKept() {
    workers.register(large);
    quotas.put(new Project(CI, 1, OptionalInt.of(2)));
    Job first = small(CI);
    Job second = small(CI);
    Job third = small(CI);
    Job other = small(DOCS);
    assertThat(place(large, first, second, third, other))
        .containsExactlyInAnyOrder(first.id(), second.id(), other.id());
    assertThat(place(large, third)).isEmpty();
    finish(read(first), 0);
    assertThat(place(large, third)).containsExactly(third.id());
    quotas.put(new Project(CI, 1, OptionalInt.of(0)));
    assertThat(place(large, small(CI))).isEmpty();
  }

  @Test
  void theCapOverAllProjectsIsKept() {
    workers.register(large);
    quotas.putMaxActive(OptionalInt.of(2));
    Job first = small(CI);
    Job second = small(DOCS);
    Job third = small(CI);
    assertThat(place(large, first, second, third))
        .containsExactlyInAnyOrder(first.id(), second.id());
    assertThat(place(large, third)).isEmpty();
    quotas.putMaxActive(OptionalInt.empty());
    assertThat(place(large, third)).containsExactly(third.id());
  }

  @Test
  void concurrentOrchestratorsNeitherOvershootNorPlaceAJobTwice() throws Exception {
    workers.register(large);
    quotas.put(new Project(CI, 1, OptionalInt.of(7)));
    quotas.putMaxActive(OptionalInt.of(11));
    List<Job> waiting = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      waiting.add(small(i % 2 == 0 ? CI : DOCS));
    }
    CyclicBarrier start = new CyclicBarrier(2);
    Set<JobId> committed = new HashSet<>();
    try (var orchestrators = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Set<JobId>>> results =
          orchestrators.invokeAll(List.of(placer(waiting, 1, start), placer(waiting, 2, start)));
      for (Future<Set<JobId>> result : results) {
        for (JobId id : result.get()) {
          assertThat(committed.add(id)).as("placed by one of them only: %s", id).isTrue();
        }
      }
    }
    waiting.forEach(job -> committed.addAll(place(large, job)));
    assertThat(committed).hasSize(11);
    assertThat(jobs.use().getOrDefault(CI, ProjectUse.NONE).jobs()).isLessThanOrEqualTo(7);
    assertThat(jobs.use().values().stream().mapToInt(ProjectUse::jobs).sum()).isEqualTo(11);
    assertThat(waiting).allSatisfy(job -> assertThat(jobs.attempts(job.id())).hasSizeBetween(0, 1));
  }

  /** Tries every job several times, in an order of its own, three at once. */
  private Callable<Set<JobId>> placer(List<Job> waiting, long seed, CyclicBarrier start) {
    return () -> {
      Random random = new Random(seed);
      Set<JobId> committed = new HashSet<>();
      start.await();
      for (int round = 0; round < 5; round++) {
        List<Job> order = new ArrayList<>(waiting);
        Collections.shuffle(order, random);
        for (int i = 0; i + 3 <= order.size(); i += 3) {
          committed.addAll(place(large, order.subList(i, i + 3).toArray(Job[]::new)));
        }
      }
      return committed;
    };
  }
}
