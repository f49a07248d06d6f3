package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.Blame;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.api.Shape;
import dev.mayfly.core.lease.LeasePolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RetryPolicyTest {
  private static final JobLimits MANY =
      new JobLimits(Duration.ofHours(1), Duration.ofHours(1), 10, 1000);

  private static Job placed(Job job) {
    return after(
        job, new JobEvent.Placed(Examples.worker("w", NOON).id(), LeasePolicy.DEFAULT, NOON));
  }

  private static Job after(Job job, JobEvent event) {
    return ((JobStep.Changed) JobMachine.apply(job, event)).job();
  }

  private static Job said(Job job, AttemptEvent event) {
    Attempt attempt = job.currentAttempt();
    return after(job, new JobEvent.OnAttempt(attempt.id(), attempt.lease().epoch(), event));
  }

  private static Job ended(Job job, Outcome outcome) {
    return said(
        job,
        new AttemptEvent.Reported(
            9, Map.of(), new AttemptEvent.Change.Finished(outcome, 0, 0, NOON)));
  }

  private static Job faulted(Job job, FaultCode code) {
    return ended(job, new Outcome.Faulted(code, "It broke."));
  }

  private static Job many() {
    return Examples.job(NOON, Examples.spec(Examples.demand(Shape.DEFAULT), Examples.BATCH, MANY));
  }

  @ParameterizedTest
  @EnumSource(FaultCode.class)
  void onlyFaultsThatAreOursOrFromOutsideAreTriedAgain(FaultCode code) {
    boolean again = code.blame() == Blame.PLATFORM || code.blame() == Blame.EXTERNAL;
    assertThat(faulted(placed(many()), code).progress())
        .isInstanceOf(again ? JobProgress.Queued.class : JobProgress.Finished.class);
  }

  @Test
  void anExitCodeIsAnOutcomeAndNeverTriedAgain() {
    assertThat(ended(placed(many()), new Outcome.Exited(1)).progress())
        .isEqualTo(new JobProgress.Finished(new Outcome.Exited(1), NOON));
  }

  @Test
  void pausesDoubleUpToAMinuteAndTriesAreCounted() {
    Job job = many();
    List<Duration> pauses = new ArrayList<>();
    while (job.progress() instanceof JobProgress.Queued) {
      job = faulted(placed(job), FaultCode.BOOT_FAILED);
      if (job.progress() instanceof JobProgress.Queued(var since, var notBefore)) {
        pauses.add(Duration.between(since, notBefore));
      }
    }
    assertThat(pauses.stream().map(Duration::toSeconds))
        .containsExactly(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L, 60L);
    assertThat(job.attempts()).isEqualTo(10);
  }

  @Test
  void aRefusalCostsNoTryButPausesGrowAndThereAreNotEndlesslyMany() {
    Job job = many();
    int refusals = 0;
    while (job.progress() instanceof JobProgress.Queued) {
      job = said(placed(job), new AttemptEvent.Refused(FaultCode.WORKER_FULL, "Full.", NOON));
      refusals++;
      if (job.progress() instanceof JobProgress.Queued) {
        Duration pause = Duration.ofMillis(Math.min(500L * refusals, 10_000));
        assertThat(job.progress()).isEqualTo(new JobProgress.Queued(NOON, NOON.plus(pause)));
        assertThat(job.tries()).isEqualTo(new Job.Tries(0, refusals));
      }
    }
    assertThat(refusals).isEqualTo(RetryPolicy.MAX_REFUSALS + 1);
    assertThat(job.progress())
        .isEqualTo(
            new JobProgress.Finished(new Outcome.Faulted(FaultCode.WORKER_FULL, "Full."), NOON));
  }

  @Test
  void aSessionIsTriedAgainOnlyWhileNobodyHasUsedIt() {
    Job placed = placed(Examples.session(NOON));
    assertThat(faulted(placed, FaultCode.BOOT_FAILED).progress())
        .isInstanceOf(JobProgress.Queued.class);
    Job running =
        said(
            placed,
            new AttemptEvent.Reported(1, Map.of(), new AttemptEvent.Change.Running("qemu", "6.1")));
    assertThat(faulted(running, FaultCode.VMM_DIED).progress())
        .isInstanceOf(JobProgress.Finished.class);
    Job ready =
        said(
            placed,
            new AttemptEvent.Reported(
                1, Map.of(Phase.READY, 5L), new AttemptEvent.Change.Preparing()));
    assertThat(said(ready, new AttemptEvent.LeaseExpired(NOON)).progress())
        .isInstanceOf(JobProgress.Finished.class);
  }

  @Test
  void aJobWhoseEndIsWantedIsNotTriedAgain() {
    Job cancelled = after(placed(many()), new JobEvent.EndRequested(new EndRequest.Cancel(), NOON));
    assertThat(said(cancelled, new AttemptEvent.LeaseExpired(NOON)).progress())
        .isEqualTo(new JobProgress.Finished(new Outcome.Cancelled(), NOON));
  }
}
