package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.NOON;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.core.lease.LeasePolicy;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the tables of {@link StateTablesTest} do not show. */
class JobMachineTest {
  private static final Job QUEUED = Examples.job(NOON);
  private static final Job PLACED =
      changed(
          JobMachine.apply(
              QUEUED,
              new JobEvent.Placed(Examples.worker("w", NOON).id(), LeasePolicy.DEFAULT, NOON)));
  private static final Job PREPARING = on(PLACED, report(1, new AttemptEvent.Change.Preparing()));
  private static final Job RUNNING =
      on(PREPARING, report(2, new AttemptEvent.Change.Running("qemu", "6.1")));
  private static final Job FINISHED = on(RUNNING, report(3, exited()));
  private static final Job CANCELLED =
      changed(JobMachine.apply(QUEUED, new JobEvent.EndRequested(new EndRequest.Cancel(), NOON)));

  private static AttemptEvent report(long number, AttemptEvent.Change change) {
    return new AttemptEvent.Reported(number, Map.of(Phase.PREPARED, 10L), change);
  }

  private static AttemptEvent.Change exited() {
    return new AttemptEvent.Change.Finished(new Outcome.Exited(3), 4, 5, NOON);
  }

  @Test
  void aReportOfAnotherEpochIsFenced() {
    JobStep step =
        JobMachine.apply(
            RUNNING,
            new JobEvent.OnAttempt(
                RUNNING.currentAttempt().id(), new LeaseEpoch(2), report(9, exited())));
    assertThat(step).isInstanceOf(JobStep.Fenced.class);
  }

  @Test
  void phasesAreThePlacementPlusWhatTheWorkerMeasured() {
    assertThat(PREPARING.currentAttempt().phases())
        .containsEntry(Phase.PREPARED, NOON.plusNanos(10_000));
  }

  @Test
  void aPhaseOnceReportedKeepsItsTimeAndAnAbsurdOneIsCutOff() {
    Job job =
        on(
            PREPARING,
            new AttemptEvent.Reported(
                2,
                Map.of(Phase.PREPARED, 999L, Phase.BOOTED, Long.MAX_VALUE, Phase.READY, -5L),
                new AttemptEvent.Change.Preparing()));
    assertThat(job.currentAttempt().phases())
        .containsEntry(Phase.PREPARED, NOON.plusNanos(10_000))
        .containsEntry(Phase.READY, NOON)
        .containsEntry(Phase.BOOTED, NOON.plus(java.time.Duration.ofDays(30)));
  }

  @Test
  void aLostAttemptWantsNoMoreLogThanIsStored() {
    Job lost = on(RUNNING, new AttemptEvent.LeaseExpired(NOON));
    Attempt attempt = requireNonNull(lost.attempt());
    assertThat(attempt.logComplete()).isTrue();
    assertThat(attempt.phases()).containsKey(Phase.ENDED);
  }

  @Test
  void theEnvironmentIsErasedWhenTheJobEnds() {
    assertThat(RUNNING.spec().environment()).isNotEmpty();
    assertThat(FINISHED.spec().environment()).isEmpty();
    assertThat(CANCELLED.spec().environment()).isEmpty();
    assertThat(RUNNING.toString()).doesNotContain("se,cret");
  }

  private static Job on(Job job, AttemptEvent event) {
    return changed(
        JobMachine.apply(
            job,
            new JobEvent.OnAttempt(
                job.currentAttempt().id(), job.currentAttempt().lease().epoch(), event)));
  }

  private static Job changed(JobStep step) {
    return ((JobStep.Changed) step).job();
  }
}
