package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.NOON;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.core.lease.LeasePolicy;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every state of a job and its attempt, times every event. */
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
      changed(JobMachine.apply(QUEUED, new JobEvent.CancelRequested(NOON)));

  private static final Map<String, Job> STATES =
      Map.of(
          "queued", QUEUED,
          "placed", PLACED,
          "preparing", PREPARING,
          "running", RUNNING,
          "finished", FINISHED,
          "cancelled", CANCELLED);

  private static AttemptEvent report(long number, AttemptEvent.Change change) {
    return new AttemptEvent.Reported(number, Map.of(Phase.PREPARED, 10L), change);
  }

  private static AttemptEvent.Change exited() {
    return new AttemptEvent.Change.Finished(new Outcome.Exited(3), 4, 5, NOON);
  }

  private static final Map<String, AttemptEvent> EVENTS =
      Map.of(
          "preparing", report(8, new AttemptEvent.Change.Preparing()),
          "running", report(8, new AttemptEvent.Change.Running("qemu", "6.1")),
          "exited", report(8, exited()),
          "stale", report(0, exited()),
          "refused", new AttemptEvent.Refused(FaultCode.WORKER_FULL, "Full.", NOON),
          "expired", new AttemptEvent.LeaseExpired(NOON),
          "withdrawn", new AttemptEvent.Withdrawn(NOON));

  /** Columns: what each event makes of the state in the row. */
  static Stream<Arguments> table() {
    List<String> columns =
        List.of(
            "placed",
            "cancel",
            "preparing",
            "running",
            "exited",
            "stale",
            "refused",
            "expired",
            "withdrawn");
    Map<String, String> rows =
        Map.of(
            "queued", "PLACED CANCELLED fenced fenced fenced fenced fenced fenced fenced",
            "placed", "refused PLACED PREPARING RUNNING EXITED = WORKER_FULL WORKER_LOST CANCELLED",
            "preparing",
                "refused PREPARING PREPARING RUNNING EXITED = WORKER_FULL WORKER_LOST refused",
            "running", "refused RUNNING RUNNING RUNNING EXITED = refused WORKER_LOST refused",
            "finished", "refused = = = = = = = =",
            "cancelled", "refused = fenced fenced fenced fenced fenced fenced fenced");
    return rows.entrySet().stream()
        .flatMap(row -> {
          String[] cells = row.getValue().split(" ");
          assertThat(cells).hasSameSizeAs(columns);
          return Stream.iterate(0, i -> i < cells.length, i -> i + 1)
              .map(i -> Arguments.of(row.getKey(), columns.get(i), cells[i]));
        });
  }

  @ParameterizedTest(name = "{0} and {1} is {2}")
  @MethodSource("table")
  void everyStateKnowsEveryEvent(String state, String event, String expected) {
    Job job = requireNonNull(STATES.get(state));
    JobStep step =
        switch (event) {
          case "placed" ->
              JobMachine.apply(
                  job,
                  new JobEvent.Placed(Examples.worker("w", NOON).id(), LeasePolicy.DEFAULT, NOON));
          case "cancel" -> JobMachine.apply(job, new JobEvent.CancelRequested(NOON));
          default ->
              JobMachine.apply(
                  job,
                  new JobEvent.OnAttempt(
                      PLACED.currentAttempt().id(),
                      PLACED.currentAttempt().lease().epoch(),
                      requireNonNull(EVENTS.get(event))));
        };
    assertThat(describe(step)).isEqualTo(expected);
    if (step instanceof JobStep.Changed(Job after)) {
      assertThat(after.version()).isGreaterThan(job.version());
    }
  }

  private static String describe(JobStep step) {
    return switch (step) {
      case JobStep.Unchanged _ -> "=";
      case JobStep.Fenced _ -> "fenced";
      case JobStep.Refused _ -> "refused";
      case JobStep.Changed(Job job) ->
          switch (job.progress()) {
            case JobProgress.Queued _ -> "QUEUED";
            case JobProgress.Finished(Outcome outcome, var _) ->
                switch (outcome) {
                  case Outcome.Exited _ -> "EXITED";
                  case Outcome.Cancelled _ -> "CANCELLED";
                  case Outcome.Faulted faulted -> faulted.code().name();
                };
            case JobProgress.Active _ ->
                switch (job.currentAttempt().state()) {
                  case AttemptState.Placed _ -> "PLACED";
                  case AttemptState.Preparing _ -> "PREPARING";
                  case AttemptState.Running _ -> "RUNNING";
                  case AttemptState.Finished _ -> throw new IllegalStateException("active");
                };
          };
    };
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
