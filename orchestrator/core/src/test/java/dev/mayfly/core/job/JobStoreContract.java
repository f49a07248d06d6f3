package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What a {@link JobStore} keeps of jobs and their attempts. */
abstract class JobStoreContract extends StoreFixture {
  @Test
  void aJobIsReadAsItWasStored() {
    Job job = submitted();
    assertThat(read(job)).isEqualTo(job);
    assertThat(jobs.find(Examples.id())).isEmpty();
  }

  @Test
  void everyStateOfAJobIsReadAsItWasStored() {
    Job job = placed();
    assertThat(read(job)).isEqualTo(job);
    job =
        apply(
            job,
            new AttemptEvent.Reported(
                1, Map.of(Phase.PREPARED, 12L), new AttemptEvent.Change.Preparing()));
    assertThat(read(job)).isEqualTo(job);
    job =
        apply(
            job,
            new AttemptEvent.Reported(
                2,
                Map.of(Phase.BOOTED, 34L, Phase.READY, 56L, Phase.EXECUTING, 78L),
                new AttemptEvent.Change.Running("qemu 7.2 tcg", "6.1.0")));
    assertThat(read(job)).isEqualTo(job);
    job =
        apply(
            job,
            new AttemptEvent.Reported(
                3,
                Map.of(Phase.ENDED, 90L, Phase.DESTROYED, 99L),
                new AttemptEvent.Change.Finished(
                    new Outcome.Faulted(FaultCode.DISK_FULL, "It was full."), 0, 4711, NOON)));
    assertThat(read(job)).isEqualTo(job);
    assertThat(job.spec().environment()).isEmpty();
  }

  @Test
  void everyMemberOfASpecIsReadAsItWasStored() {
    for (Priority priority : Priority.values()) {
      Job job =
          submitted(
              Examples.job(
                  NOON,
                  new JobSpec(
                      Examples.demand(
                          new ProjectName("p-" + priority.ordinal()),
                          priority,
                          new Shape(2, 256, 128),
                          "gpu",
                          "zone=south"),
                      new Workload.Session(Duration.ofSeconds(7), Duration.ofMillis(1500)),
                      new TreeMap<>(Map.of("A", "1", "B", "two")),
                      new TreeSet<>(Set.of("A", "B")),
                      "/",
                      "1000:1000",
                      NetworkMode.NONE,
                      new JobLimits(
                          Duration.ofSeconds(1), Duration.ofMillis(2500), 7, 5_000_000_000L))));
      assertThat(read(job)).isEqualTo(job);
    }
    Job plain =
        submitted(
            Examples.job(
                NOON,
                new JobSpec(
                    Examples.demand(Shape.DEFAULT),
                    Examples.BATCH,
                    new TreeMap<>(),
                    new TreeSet<>(),
                    "/workspace",
                    "",
                    NetworkMode.USER,
                    Examples.LIMITS)));
    assertThat(read(plain)).isEqualTo(plain);
  }

  @Test
  void whyTheEndIsWantedIsReadAsItWasStored() {
    for (EndRequest request :
        List.of(new EndRequest.Cancel(), new EndRequest.Release(7), new EndRequest.Abandon())) {
      Job queued = submitted(Examples.session(NOON));
      Job ended = commit(queued, new JobEvent.EndRequested(request, NOON));
      assertThat(ended.state()).isEqualTo(JobState.FINISHED);
      assertThat(read(ended)).isEqualTo(ended);
      Job active = placed(submitted(Examples.session(NOON)));
      Job ending = commit(active, new JobEvent.EndRequested(request, NOON));
      assertThat(ending.state()).isEqualTo(JobState.ACTIVE);
      assertThat(read(ending)).isEqualTo(ending);
      finish(ending, 0);
    }
  }

  @Test
  void environmentAndSecretsAreErasedWhenAJobEnds() {
    Job job = submitted();
    assertThat(read(job).spec().secrets()).isNotEmpty();
    commit(job, new JobEvent.EndRequested(new EndRequest.Cancel(), NOON));
    assertThat(read(job).spec().environment()).isEmpty();
    assertThat(read(job).spec().secrets()).isEmpty();
  }

  @Test
  void everyAttemptOfAJobIsKept() {
    Job waiting = submitted();
    assertThat(jobs.attempts(waiting.id())).isEmpty();
    assertThat(jobs.attempts(Examples.id())).isEmpty();
    Job first = placed(waiting);
    assertThat(jobs.attempts(first.id())).containsExactly(first.currentAttempt());
    Job again = fault(first, FaultCode.BOOT_FAILED, NOON.plusSeconds(1));
    assertThat(again.progress())
        .isEqualTo(new JobProgress.Queued(NOON.plusSeconds(1), NOON.plusSeconds(2)));
    assertThat(again.tries()).isEqualTo(new Job.Tries(1, 0));
    assertThat(read(again)).isEqualTo(again);
    assertThat(jobs.attempts(first.id())).containsExactly(again.attempt());
    Job second = placed(again);
    assertThat(read(second)).isEqualTo(second);
    Job refused =
        apply(
            second, new AttemptEvent.Refused(FaultCode.WORKER_FULL, "Full.", NOON.plusSeconds(3)));
    assertThat(refused.tries()).isEqualTo(new Job.Tries(1, 1));
    assertThat(read(refused)).isEqualTo(refused);
    Job third = placed(refused);
    assertThat(jobs.attempts(third.id()))
        .containsExactly(again.attempt(), refused.attempt(), third.attempt());
    assertThat(third.attempts()).isEqualTo(3);
  }

  @Test
  void oneKeyNeverMakesTwoJobs() {
    IdempotencyKey key = new IdempotencyKey("gitlab-1", "f1");
    assertThat(jobs.submitted(key)).isEmpty();
    Job job = Examples.job(NOON);
    assertThat(jobs.submit(job, key)).isEqualTo(new Submission.Accepted(job));
    assertThat(jobs.submit(Examples.job(NOON), key)).isEqualTo(new Submission.Repeated(job));
    assertThat(jobs.submitted(key)).contains(new Submission.Repeated(job));
    IdempotencyKey different = new IdempotencyKey("gitlab-1", "f2");
    assertThat(jobs.submit(Examples.job(NOON), different))
        .isEqualTo(new Submission.KeyTaken(job.id()));
    assertThat(jobs.submitted(different)).contains(new Submission.KeyTaken(job.id()));
    assertThat(jobs.countQueued(10)).isEqualTo(1);
  }

  @Test
  void aStaleCommitIsRefusedAndChangesNothing() {
    Job job = submitted();
    Job placed = placed(job);
    JobStep cancel =
        JobMachine.apply(job, new JobEvent.EndRequested(new EndRequest.Cancel(), NOON));
    assertThat(jobs.commit(job, ((JobStep.Changed) cancel).job())).isFalse();
    assertThat(jobs.commitPlacements(List.of(new JobStore.Placement(job, placed)))).isEmpty();
    assertThat(read(job)).isEqualTo(placed);
  }

  @Test
  void listingFiltersAndPagesNewestFirst() {
    Job first = submitted();
    Job second = placed();
    Job third = submitted();
    assertThat(ids(new JobQuery(null, null, null, null, 10)))
        .containsExactly(third.id(), second.id(), first.id());
    assertThat(ids(new JobQuery(null, null, null, null, 2)))
        .containsExactly(third.id(), second.id());
    assertThat(ids(new JobQuery(null, null, null, second.id(), 2))).containsExactly(first.id());
    assertThat(ids(new JobQuery(JobState.QUEUED, Examples.DEBIAN, null, null, 10)))
        .containsExactly(third.id(), first.id());
    assertThat(ids(new JobQuery(null, null, "host-1", null, 10))).containsExactly(second.id());
    assertThat(ids(new JobQuery(null, null, worker.id().toString(), null, 10)))
        .containsExactly(second.id());
    assertThat(ids(new JobQuery(null, null, "nobody", null, 10))).isEmpty();
    assertThat(ids(new JobQuery(JobState.FINISHED, null, null, null, 10))).isEmpty();
  }

  private List<JobId> ids(JobQuery query) {
    return jobs.list(query).stream().map(Job::id).toList();
  }

  @Test
  void whenAnOldJobIsRemovedAllOfItIs() {
    IdempotencyKey key = new IdempotencyKey("k", "f");
    Job job = Examples.job(NOON);
    jobs.submit(job, key);
    Job again = fault(placed(job), FaultCode.BOOT_FAILED, NOON);
    finish(placed(again), 0);
    assertThat(jobs.removeFinished(NOON, 10)).isZero();
    assertThat(jobs.removeFinished(NOON.plusMillis(1), 10)).isEqualTo(1);
    assertThat(jobs.find(job.id())).isEmpty();
    assertThat(jobs.attempts(job.id())).isEmpty();
    assertThat(jobs.submitted(key)).isEmpty();
  }
}
