package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.CI;
import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.job.JobStore.ProjectUse;
import dev.mayfly.core.job.JobStore.Waiting;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a {@link JobStore} tells of the jobs that wait. */
abstract class QueueStoreContract extends StoreFixture {
  private static final ProjectName DOCS = new ProjectName("docs");

  private Job waiting(ProjectName project, Priority priority) {
    return submitted(Examples.job(NOON, Examples.demand(project, priority, Shape.DEFAULT)));
  }

  private List<Job> heads(ProjectName project, Instant now, int perProject) {
    return jobs.heads(now, perProject).stream()
        .filter(job -> job.spec().demand().project().equals(project))
        .toList();
  }

  @Test
  void theQueueIsOldestFirstAndBounded() {
    Job first = submitted();
    Job second = submitted();
    Job third = submitted();
    placed(second);
    assertThat(jobs.heads(NOON, 10)).containsExactly(first, third);
    assertThat(jobs.heads(NOON, 1)).containsExactly(first);
    assertThat(jobs.countQueued(10)).isEqualTo(2);
    assertThat(jobs.countQueued(1)).isEqualTo(1);
  }

  @Test
  void eachProjectsHeadIsByPriorityThenSubmission() {
    Job low = waiting(CI, Priority.LOW);
    Job first = waiting(CI, Priority.NORMAL);
    Job other = waiting(DOCS, Priority.LOW);
    Job second = waiting(CI, Priority.NORMAL);
    Job urgent = waiting(CI, Priority.URGENT);
    Job high = waiting(CI, Priority.HIGH);
    assertThat(heads(CI, NOON, 10)).containsExactly(urgent, high, first, second, low);
    assertThat(heads(CI, NOON, 3)).containsExactly(urgent, high, first);
    assertThat(heads(DOCS, NOON, 1)).containsExactly(other);
    assertThat(jobs.heads(NOON, 1)).containsExactlyInAnyOrder(urgent, other);
  }

  @Test
  void everyProjectWithWaitingJobsHasAHead() {
    List<Job> firsts = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      ProjectName project = new ProjectName("p" + i);
      firsts.add(waiting(project, Priority.NORMAL));
      waiting(project, Priority.NORMAL);
      waiting(project, Priority.LOW);
    }
    assertThat(jobs.heads(NOON, 1)).containsExactlyInAnyOrderElementsOf(firsts);
    assertThat(jobs.heads(NOON, 3)).hasSize(120);
  }

  @Test
  void aJobInBackoffIsPassedOverUntilItsTime() {
    Job failed = fault(placed(submitted()), FaultCode.BOOT_FAILED, NOON);
    Job next = submitted();
    Instant end = NOON.plus(RetryPolicy.FIRST_PAUSE);
    assertThat(jobs.heads(end.minusMillis(1), 1)).containsExactly(next);
    assertThat(jobs.heads(end, 1)).containsExactly(failed);
    assertThat(jobs.heads(end, 2)).containsExactly(failed, next);
    assertThat(jobs.countQueued(10)).isEqualTo(2);
  }

  @Test
  void onlyWaitingJobsAreInTheQueue() {
    placed();
    finish(placed(), 0);
    assertThat(jobs.heads(NOON, 10)).isEmpty();
    assertThat(jobs.waiting(10)).isEmpty();
    assertThat(jobs.countQueued(10)).isZero();
  }

  @Test
  void whatWaitsIsToldByDemandTheOldestFirst() {
    Demand small = Examples.demand(Shape.DEFAULT);
    Demand big = Examples.demand(new Shape(4, 512, 2048));
    Demand labelled = Examples.demand(Shape.DEFAULT, "gpu");
    Job retried = Examples.job(NOON, small);
    Job first = submitted(Examples.job(NOON, big));
    submitted(retried);
    Job alone = submitted(Examples.job(NOON, labelled));
    submitted(Examples.job(NOON, big));
    submitted(Examples.job(NOON, small));
    fault(placed(retried), FaultCode.BOOT_FAILED, NOON);
    assertThat(jobs.waiting(10).stream().map(Waiting::demand))
        .containsExactlyInAnyOrder(small, big, labelled);
    assertThat(jobs.waiting(10))
        .contains(new Waiting(big, 2, first.id()), new Waiting(small, 2, retried.id()))
        .contains(new Waiting(labelled, 1, alone.id()));
    assertThat(jobs.waiting(2).stream().map(Waiting::oldest).sorted())
        .containsExactlyElementsOf(
            Stream.of(first.id(), retried.id(), alone.id()).sorted().limit(2).toList());
    assertThat(jobs.waiting(10).stream().map(Waiting::oldest)).isSorted();
  }

  @Test
  void demandsThatDifferAnywhereAreTold() {
    waiting(CI, Priority.NORMAL);
    waiting(CI, Priority.HIGH);
    waiting(DOCS, Priority.NORMAL);
    submitted(Examples.job(NOON, Examples.demand(new Shape(1, 512, 4096))));
    submitted(Examples.job(NOON, Examples.demand(Shape.DEFAULT, "a")));
    submitted(Examples.job(NOON, Examples.demand(Shape.DEFAULT, "a", "b")));
    assertThat(jobs.waiting(10)).hasSize(6).allSatisfy(w -> assertThat(w.count()).isEqualTo(1));
  }

  @Test
  void aJobKnowsHowManyOfItsProjectGoBeforeIt() {
    Job first = waiting(CI, Priority.NORMAL);
    Job second = waiting(CI, Priority.NORMAL);
    Job low = waiting(CI, Priority.LOW);
    waiting(DOCS, Priority.URGENT);
    Job high = waiting(CI, Priority.HIGH);
    assertThat(jobs.aheadOf(high, 10)).isZero();
    assertThat(jobs.aheadOf(first, 10)).isEqualTo(1);
    assertThat(jobs.aheadOf(second, 10)).isEqualTo(2);
    assertThat(jobs.aheadOf(low, 10)).isEqualTo(3);
    assertThat(jobs.aheadOf(low, 2)).isEqualTo(2);
    placed(first);
    assertThat(jobs.aheadOf(second, 10)).isEqualTo(1);
  }

  @Test
  void jobsWhoseTimeInTheQueueIsOverAreFound() {
    Job job = submitted();
    placed();
    Instant end = NOON.plus(Examples.LIMITS.queue());
    assertThat(jobs.queueTimedOut(end.minusMillis(1), 10)).isEmpty();
    assertThat(jobs.queueTimedOut(end, 10)).containsExactly(job);
    Job again = fault(placed(job), FaultCode.BOOT_FAILED, NOON.plusSeconds(9));
    assertThat(jobs.queueTimedOut(end, 10)).isEmpty();
    assertThat(jobs.queueTimedOut(end.plusSeconds(9), 10)).containsExactly(again);
    submitted();
    assertThat(jobs.queueTimedOut(end.plusSeconds(9), 1)).hasSize(1);
  }

  @Test
  void whatAProjectUsesIsWhatItsActiveJobsReserve() {
    assertThat(jobs.use()).isEmpty();
    placed();
    placed(submitted(Examples.job(NOON, new Shape(2, 1024, 4096))));
    finish(placed(), 0);
    submitted();
    placed(waiting(DOCS, Priority.LOW));
    assertThat(jobs.use())
        .isEqualTo(
            Map.of(
                CI, new ProjectUse(2, new Capacity(3, 1536, 6144)),
                DOCS, new ProjectUse(1, new Capacity(1, 512, 2048))));
  }

  @Test
  void headsBesideSomeDemandsPassOverAllTheirJobs() {
    Demand big = Examples.demand(new Shape(4, 512, 2048));
    Demand small = Examples.demand(Shape.DEFAULT);
    Demand other = Examples.demand(new ProjectName("other"), Priority.HIGH, Shape.DEFAULT);
    submitted(Examples.job(NOON, big));
    submitted(Examples.job(NOON, big));
    Job first = submitted(Examples.job(NOON, small));
    Job second = submitted(Examples.job(NOON, small));
    submitted(Examples.job(NOON, small));
    Job elsewhere = submitted(Examples.job(NOON, other));
    assertThat(jobs.headsBeside(Set.of(big), NOON, 2))
        .containsExactlyInAnyOrder(first, second, elsewhere);
    assertThat(jobs.headsBeside(Set.of(big, small), NOON, 2)).containsExactly(elsewhere);
    assertThat(jobs.headsBeside(Set.of(big, small, other), NOON, 2)).isEmpty();
    assertThat(jobs.headsBeside(Set.of(big), NOON.minusSeconds(1), 2)).isEmpty();
  }
}
