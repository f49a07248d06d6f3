package dev.mayfly.core.placement;

import static dev.mayfly.core.job.Examples.demand;
import static dev.mayfly.core.placement.Fleets.worker;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.JobState;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.AttemptEvent;
import dev.mayfly.core.job.EndRequest;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.job.SessionAnswer;
import dev.mayfly.core.lease.LeasePolicy;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Whatever ends jobs, sessions and workers because time has passed. */
class EndingReconcilersTest {
  private final Engine engine = new Engine();

  private Outcome outcome(Job job) {
    return ((JobProgress.Finished) engine.read(job).progress()).outcome();
  }

  @Test
  void aJobThatWaitsTooLongEndsAndIsToldWhy() {
    engine.join(worker("a").duty(new Duty.Draining(engine.clock.instant())));
    Job job = engine.submit(demand(Shape.DEFAULT));
    engine.explaining.reconcile();
    engine.advance(Examples.LIMITS.queue().minusMillis(1));
    assertThat(engine.queueTimeouts.reconcile()).isZero();
    engine.advance(Duration.ofMillis(1));
    assertThat(engine.queueTimeouts.reconcile()).isEqualTo(1);
    assertThat(engine.queueTimeouts.reconcile()).isZero();
    assertThat(outcome(job))
        .isEqualTo(
            new Outcome.Faulted(
                FaultCode.QUEUE_TIMEOUT,
                "It waited for 86400 s, as long as it may: worker a: draining"));
  }

  @Test
  void withoutAnExplanationItStillEndsAndALongOneIsCut() {
    Job job = engine.submit(demand(Shape.DEFAULT));
    engine.advance(Examples.LIMITS.queue());
    engine.queueTimeouts.reconcile();
    assertThat(outcome(job))
        .isEqualTo(
            new Outcome.Faulted(
                FaultCode.QUEUE_TIMEOUT, "It waited for 86400 s, as long as it may."));
    for (int i = 0; i < 8; i++) {
      engine.join(
          worker("w" + i).duty(new Duty.Quarantined("x".repeat(400), engine.clock.instant())));
    }
    Job second = engine.submit(demand(Shape.DEFAULT));
    engine.explaining.reconcile();
    engine.advance(Examples.LIMITS.queue());
    engine.queueTimeouts.reconcile();
    assertThat(outcome(second))
        .isInstanceOfSatisfying(
            Outcome.Faulted.class,
            faulted -> assertThat(faulted.detail()).hasSize(500).endsWith("…"));
  }

  @Test
  void aForgottenSessionIsAbandoned() {
    engine.join(worker("w"));
    Job active = engine.submit(Examples.session(engine.clock.instant()));
    engine.placement.reconcile();
    Job waiting =
        engine.submit(
            Examples.job(
                engine.clock.instant(),
                Examples.spec(demand(Shape.DEFAULT, "gpu"), Examples.SESSION, Examples.LIMITS)));
    Duration lease = Examples.SESSION.lease();
    engine.advance(lease.minusMillis(1));
    assertThat(engine.sessions.reconcile()).isZero();
    engine.advance(Duration.ofMillis(1));
    assertThat(engine.sessions.reconcile()).isEqualTo(2);
    assertThat(engine.sessions.reconcile()).isZero();
    assertThat(engine.read(active).endRequest()).isEqualTo(new EndRequest.Abandon());
    assertThat(outcome(waiting))
        .isInstanceOfSatisfying(
            Outcome.Faulted.class,
            faulted -> assertThat(faulted.code()).isEqualTo(FaultCode.SESSION_ABANDONED));
    assertThat(engine.desk.renewSession(active.id())).isInstanceOf(SessionAnswer.Ending.class);
  }

  @Test
  void aSessionLivesAsLongAsItIsRenewed() {
    Job session = engine.submit(Examples.session(engine.clock.instant()));
    Duration lease = Examples.SESSION.lease();
    for (int i = 0; i < 5; i++) {
      engine.advance(lease.dividedBy(2));
      assertThat(engine.desk.renewSession(session.id()))
          .isEqualTo(new SessionAnswer.Renewed(engine.clock.instant().plus(lease)));
      assertThat(engine.sessions.reconcile()).isZero();
    }
    engine.advance(lease);
    assertThat(engine.sessions.reconcile()).isEqualTo(1);
    assertThat(engine.desk.renewSession(session.id())).isInstanceOf(SessionAnswer.Ended.class);
  }

  @Test
  void aReleasedSessionEndsWithItsExitCodeAlsoBeforeAWorkerHasIt() {
    engine.join(worker("w"));
    Job queued =
        engine.submit(
            Examples.job(
                engine.clock.instant(),
                Examples.spec(demand(Shape.DEFAULT, "gpu"), Examples.SESSION, Examples.LIMITS)));
    assertThat(engine.desk.release(queued.id(), 9)).isInstanceOf(SessionAnswer.Ended.class);
    assertThat(outcome(queued)).isEqualTo(new Outcome.Exited(9));

    Job placed = engine.submit(Examples.session(engine.clock.instant()));
    engine.placement.reconcile();
    assertThat(engine.desk.release(placed.id(), 5)).isInstanceOf(SessionAnswer.Ending.class);
    assertThat(engine.desk.release(placed.id(), 6)).isInstanceOf(SessionAnswer.Ending.class);
    var attempt = engine.read(placed).currentAttempt();
    engine.desk.onAttempt(
        attempt.id(), attempt.lease().epoch(), new AttemptEvent.Withdrawn(engine.clock.instant()));
    assertThat(outcome(placed)).isEqualTo(new Outcome.Exited(5));
  }

  @Test
  void aBatchAndAnUnknownJobAreNoSessions() {
    Job batch = engine.submit(demand(Shape.DEFAULT));
    assertThat(engine.desk.release(batch.id(), 0)).isEqualTo(new SessionAnswer.NotASession());
    assertThat(engine.desk.renewSession(batch.id())).isEqualTo(new SessionAnswer.NotASession());
    assertThat(engine.desk.release(Examples.id(), 0)).isEqualTo(new SessionAnswer.UnknownJob());
    assertThat(engine.desk.renewSession(Examples.id())).isEqualTo(new SessionAnswer.UnknownJob());
  }

  @Test
  void aCancelledJobInItsPauseEndsAtOnce() {
    engine.join(worker("w"));
    Job job = engine.submit(demand(Shape.DEFAULT));
    engine.placement.reconcile();
    engine.fail(job, FaultCode.BOOT_FAILED);
    assertThat(engine.desk.cancel(job.id()).orElseThrow().state()).isEqualTo(JobState.FINISHED);
    assertThat(outcome(job)).isEqualTo(new Outcome.Cancelled());
    assertThat(engine.jobs.attempts(job.id())).hasSize(1);
  }

  private WorkerState state(String name) {
    return engine.workers.findByNameOrId(name).orElseThrow().state();
  }

  @Test
  void aWorkerUnheardIsSilentThenLostAndBackWithOneHeartbeat() {
    engine.join(worker("w"));
    LeasePolicy policy = LeasePolicy.DEFAULT;
    engine.clock.advance(policy.heartbeatInterval().multipliedBy(3));
    assertThat(engine.fleet.reconcile()).isZero();
    engine.clock.advance(Duration.ofMillis(1));
    assertThat(engine.fleet.reconcile()).isEqualTo(1);
    assertThat(state("w")).isEqualTo(WorkerState.SILENT);
    assertThat(engine.fleet.reconcile()).isZero();
    engine.clock.advance(policy.leaseDuration());
    assertThat(engine.fleet.reconcile()).isEqualTo(1);
    assertThat(state("w")).isEqualTo(WorkerState.LOST);
    engine.advance(Duration.ZERO);
    assertThat(state("w")).isEqualTo(WorkerState.ONLINE);
    assertThat(engine.fleet.reconcile()).isZero();
  }

  private void failOnceOn(FaultCode code) {
    Job job = engine.submit(demand(Shape.DEFAULT));
    assertThat(engine.placement.reconcile()).isEqualTo(1);
    engine.fail(job, code);
    engine.desk.cancel(job.id());
    engine.advance(Duration.ofSeconds(30));
    engine.fleet.reconcile();
  }

  private Duty duty() {
    Worker worker = engine.workers.findByNameOrId("w").orElseThrow();
    return worker.duty();
  }

  @Test
  void threeFaultsInARowQuarantineAWorkerUntilAPersonResumesIt() {
    engine.join(worker("w"));
    failOnceOn(FaultCode.BOOT_FAILED);
    failOnceOn(FaultCode.OUT_OF_MEMORY);
    failOnceOn(FaultCode.VMM_DIED);
    failOnceOn(FaultCode.BOOT_FAILED);
    assertThat(duty()).isEqualTo(new Duty.Accepting());
    failOnceOn(FaultCode.BOOT_TIMEOUT);
    assertThat(duty())
        .isEqualTo(
            new Duty.Quarantined(
                "3 PLATFORM faults in a row within 10 minutes; 3 are the limit",
                engine.clock.instant()));
    Job waits = engine.submit(demand(Shape.DEFAULT));
    assertThat(engine.placement.reconcile()).isZero();
    assertThat(engine.fleet.reconcile()).isZero();
    engine.workers.setDuty(
        engine.workers.findByNameOrId("w").orElseThrow().id(), new Duty.Accepting());
    assertThat(engine.fleet.reconcile()).isZero();
    assertThat(engine.placement.reconcile()).isEqualTo(1);
    assertThat(engine.read(waits).state()).isEqualTo(JobState.ACTIVE);
  }

  @Test
  void rareFaultsDoNotQuarantine() {
    engine.join(worker("w"));
    for (int i = 0; i < 6; i++) {
      failOnceOn(FaultCode.BOOT_FAILED);
      engine.advance(Duration.ofMinutes(5));
    }
    assertThat(duty()).isEqualTo(new Duty.Accepting());
  }
}
