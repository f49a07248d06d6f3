package dev.mayfly.worker.core.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.attempt.Attempts.Admission;
import dev.mayfly.worker.core.attempt.Outbox.Sendable;
import dev.mayfly.worker.core.exec.ExecKind;
import dev.mayfly.worker.core.exec.ExecRequest;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.InMemoryLogSpool;
import dev.mayfly.worker.core.log.Secrets;
import dev.mayfly.worker.core.slot.HostCapacity;
import dev.mayfly.worker.core.slot.SlotLedger;
import dev.mayfly.worker.core.time.ManualTimers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A worker process ends, and the next one on the same host goes on. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class AttemptsRestartTest {
  private static final AttemptLease A =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000a.1.2");
  private static final Duration LEASE_TIME = Duration.ofSeconds(45);
  private static final Duration LIMIT = Duration.ofHours(1);
  private static final Duration IDLE = Duration.ofMinutes(10);
  private static final Duration LONG = Duration.ofSeconds(20);

  private final ManualTimers timers = new ManualTimers();
  private final ScriptedHost host = new ScriptedHost();
  private final InMemoryLogSpool spool = new InMemoryLogSpool();

  /** One process of the worker. */
  private final class Process {
    final Outbox outbox = new Outbox(() -> {});
    final SlotLedger slots = new SlotLedger(new HostCapacity(2, 1024, 4096));
    final Attempts attempts = new Attempts(host.ports(timers), slots, spool, outbox, () -> {});
    final SessionExecs execs = new SessionExecs(attempts);

    void detach() throws InterruptedException {
      attempts.detach();
      assertThat(attempts.awaitNone(LONG)).isTrue();
    }

    Process next() throws InterruptedException {
      var next = new Process();
      next.attempts.takeUp(host.journals().read(), spool.leftovers());
      return next;
    }

    List<AttemptReport> reports() {
      var reports = new ArrayList<AttemptReport>();
      var cursor = outbox.cursor();
      for (var next = cursor.next(); next.isPresent(); next = cursor.next()) {
        if (next.get() instanceof Sendable.Report(var report)) {
          reports.add(report);
        }
      }
      return reports;
    }

    String log() {
      var text = new StringBuilder();
      var cursor = outbox.cursor();
      for (var next = cursor.next(); next.isPresent(); next = cursor.next()) {
        if (next.get() instanceof Sendable.Chunk(var lease, var chunk)) {
          text.append(new String(chunk.data(), StandardCharsets.UTF_8));
        }
      }
      return text.toString();
    }

    Outcome outcome() throws InterruptedException {
      assertThat(attempts.awaitNone(LONG)).isTrue();
      var finished = (AttemptEvent.Finished) reports().getLast().event();
      return finished.outcome();
    }

    void awaitReports(int count) {
      while (reports().size() < count) {
        Thread.onSpinWait();
      }
    }
  }

  private AttemptSpec spec(boolean session, Secrets secrets) {
    return new AttemptSpec(
        A,
        ScriptedHost.BUNDLE,
        "debian:12",
        new Shape(1, 512, 1024),
        session ? List.of() : List.of("true"),
        List.of("CI=true"),
        "/",
        "",
        LIMIT,
        NetworkMode.NONE,
        session,
        session ? IDLE : Duration.ZERO,
        secrets,
        AttemptSpec.DEFAULT_LOG_LIMIT_BYTES,
        timers.nanoTime());
  }

  private long leaseUntil() {
    return timers.nanoTime() + LEASE_TIME.toNanos();
  }

  private Process running(Secrets secrets) {
    var process = new Process();
    assertThat(process.attempts.assign(spec(false, secrets), leaseUntil(), LEASE_TIME))
        .isEqualTo(new Admission.Started());
    process.awaitReports(2);
    return process;
  }

  /** Under a lease that outlives the limit of the job. */
  private Process leased(Secrets secrets) {
    var process = running(secrets);
    process.attempts.renew(List.of(A), timers.nanoTime(), LIMIT.multipliedBy(2));
    return process;
  }

  private Process session() {
    var process = new Process();
    assertThat(process.attempts.assign(spec(true, Secrets.NONE), leaseUntil(), LEASE_TIME))
        .isEqualTo(new Admission.Started());
    process.awaitReports(2);
    return process;
  }

  private static ExecRequest exec(int number) {
    return new ExecRequest(
        number,
        ExecKind.COMMAND,
        List.of("make"),
        List.of(),
        "",
        "",
        false,
        Duration.ZERO,
        "",
        0,
        Secrets.NONE);
  }

  private static FaultCode code(Outcome outcome) {
    return ((Outcome.Faulted) outcome).code();
  }

  @Test
  void anAttemptGoesOnInTheNextProcessAsIfNothingHadHappened() throws Exception {
    var first = running(Secrets.NONE);
    host.awaitGuest().prints(GuestStream.STDOUT, "one\n");
    timers.advance(Duration.ofSeconds(2));
    first.detach();
    assertThat(host.world()).contains("microVM 00000000000a.1", "directory 00000000000a.1");
    assertThat(timers.pendingCount()).isZero();

    var second = first.next();
    assertThat(second.attempts.held()).containsExactly(A);
    assertThat(second.attempts.assignmentsWanted()).isEmpty();
    assertThat(second.slots.free()).isEqualTo(new HostCapacity(1, 512, 3072));
    var guest = host.awaitGuest();
    guest.prints(GuestStream.STDOUT, "two\n");
    guest.exits(7);
    assertThat(second.outcome()).isEqualTo(new Outcome.Exited(7));
    assertThat(second.log()).isEqualTo("one\ntwo\n");
    assertThat(second.reports()).extracting(AttemptReport::number).containsExactly(1L, 2L, 3L);
    assertThat(second.reports().getLast().phases())
        .containsEntry(Phase.EXECUTING, Duration.ZERO)
        .containsEntry(Phase.DESTROYED, Duration.ofSeconds(2));
    assertThat(host.world()).isEmpty();
    assertThat(second.slots.free()).isEqualTo(second.slots.capacity());
  }

  @Test
  void theJobsLimitGoesOnAcrossProcesses() throws Exception {
    var first = leased(Secrets.NONE);
    host.awaitGuest();
    first.detach();
    timers.advance(LIMIT.minusSeconds(10));
    var second = first.next();
    var guest = host.awaitGuest();
    while (!timers.firesIn(Duration.ofSeconds(10))) {
      Thread.onSpinWait();
    }
    timers.advance(Duration.ofSeconds(10));
    assertThat(guest.awaitSignal()).isEqualTo("15 everything");
    guest.exits(143);
    assertThat(code(second.outcome())).isEqualTo(FaultCode.JOB_TIMEOUT);
  }

  @Test
  void whatEndedInTimeWhileNoWorkerWasThereHasNotRunForTooLong() throws Exception {
    var first = leased(Secrets.of(List.of("hunter22")));
    host.awaitGuest().exitsUnheard(3);
    first.detach();
    timers.advance(LIMIT.plusSeconds(10));
    var second = first.next();
    second.attempts.assign(
        spec(false, Secrets.of(List.of("hunter22"))),
        timers.nanoTime() + LEASE_TIME.toNanos(),
        LEASE_TIME);
    assertThat(second.outcome()).isEqualTo(new Outcome.Exited(3));
  }

  @Test
  void whatStillRunsWhenTheNextWorkerComesTooLateIsAskedToEnd() throws Exception {
    var first = leased(Secrets.NONE);
    host.awaitGuest();
    first.detach();
    timers.advance(LIMIT.plusSeconds(10));
    var second = first.next();
    var guest = host.awaitGuest();
    while (!timers.firesIn(Duration.ZERO)) {
      Thread.onSpinWait();
    }
    timers.advance(Duration.ZERO);
    assertThat(guest.awaitSignal()).isEqualTo("15 everything");
    guest.exits(0);
    assertThat(code(second.outcome())).isEqualTo(FaultCode.JOB_TIMEOUT);
  }

  @Test
  void whyACommandIsAskedToEndOutlivesTheWorkerProcess() throws Exception {
    var first = running(Secrets.NONE);
    var guest = host.awaitGuest();
    first.attempts.end(A, EndReason.CANCELLED);
    assertThat(guest.awaitSignal()).isEqualTo("15 everything");
    guest.exitsUnheard(143);
    first.detach();
    assertThat(first.next().outcome()).isEqualTo(new Outcome.Cancelled());
  }

  @Test
  void theGraceOfACommandThatIsAskedToEndGoesOnInTheNextProcess() throws Exception {
    var first = running(Secrets.NONE);
    var guest = host.awaitGuest();
    first.attempts.leave();
    assertThat(guest.awaitSignal()).isEqualTo("15 everything");
    first.detach();
    var second = first.next();
    assertThat(host.awaitGuest().awaitSignal()).isEqualTo("15 everything");
    assertThat(second.attempts.held()).containsExactly(A);
    timers.advance(EndPolicy.LEAVE_GRACE);
    assertThat(code(second.outcome())).isEqualTo(FaultCode.WORKER_LEAVING);
    assertThat(second.log()).containsOnlyOnce("shutting down");
  }

  @Test
  void aMicroVmThatIsGoneAfterItsCommandWasAskedToEndEndedForThatReason() throws Exception {
    var first = running(Secrets.NONE);
    var guest = host.awaitGuest();
    first.attempts.end(A, EndReason.CANCELLED);
    assertThat(guest.awaitSignal()).isEqualTo("15 everything");
    first.detach();
    guest.vmmExits(137);
    assertThat(first.next().outcome()).isEqualTo(new Outcome.Cancelled());
  }

  @Test
  void aReasonThatCannotBeWrittenDownEndsTheCommandAtOnceAndAsksNothingOfIt() throws Exception {
    var process = running(Secrets.NONE);
    var guest = host.awaitGuest();
    host.journals().fill();
    process.attempts.end(A, EndReason.CANCELLED);
    assertThat(process.outcome()).isEqualTo(new Outcome.Cancelled());
    assertThat(guest.signalsLeft()).isZero();
  }

  @Test
  void howAnAttemptEndsIsWrittenDownBeforeItsMicroVmIsDestroyed() throws Exception {
    var first = session();
    host.failUndoOnce("microVM");
    first.attempts.end(A, new EndReason.Released(9));
    assertThat(first.outcome()).isEqualTo(new Outcome.Exited(9));
    var atDestruction =
        host.journals().history().stream()
            .filter(entry -> entry.decision().isPresent() && !entry.isFinished())
            .findFirst();
    assertThat(atDestruction.orElseThrow().decision())
        .contains(new JournalEntry.Decision(new Outcome.Exited(9), 0));
  }

  @Test
  void aLeaseIsNotLongerForARestart() throws Exception {
    var first = running(Secrets.NONE);
    host.awaitGuest();
    timers.advance(Duration.ofSeconds(10));
    first.attempts.renew(List.of(A), timers.nanoTime(), LEASE_TIME);
    timers.advance(Duration.ofSeconds(1));
    first.attempts.renew(List.of(A), timers.nanoTime(), LEASE_TIME);
    first.detach();
    timers.advance(Duration.ofSeconds(30));
    var second = first.next();
    host.awaitGuest();
    timers.advance(LEASE_TIME.minusSeconds(31).minusMillis(1));
    assertThat(second.attempts.held()).containsExactly(A);
    timers.advance(Duration.ofMillis(1));
    assertThat(second.attempts.awaitNone(LONG)).isTrue();
    assertThat(host.world()).isEmpty();
  }

  @Test
  void aMicroVmWhoseLeaseIsOverWhenItIsTakenUpIsDestroyed() throws Exception {
    var first = running(Secrets.NONE);
    host.awaitGuest();
    first.detach();
    timers.advance(LEASE_TIME);
    var second = first.next();
    timers.advance(Duration.ZERO);
    assertThat(second.attempts.awaitNone(LONG)).isTrue();
    assertThat(second.reports()).isEmpty();
    assertThat(host.world()).isEmpty();
    assertThat(host.journals().leases()).isEmpty();
  }

  @Test
  void theAssignmentOfAnAdoptedAttemptLeavesItsLeaseAsItIs() throws Exception {
    var secrets = Secrets.of(List.of("hunter22"));
    var first = running(secrets);
    host.awaitGuest();
    first.detach();
    var second = first.next();
    assertThat(second.attempts.assign(spec(false, secrets), timers.nanoTime(), LEASE_TIME))
        .isEqualTo(new Admission.Known());
    assertThat(second.attempts.assignmentsWanted()).isEmpty();
    host.awaitGuest();
    timers.advance(LEASE_TIME.minusMillis(1));
    assertThat(second.attempts.held()).containsExactly(A);
    timers.advance(Duration.ofMillis(1));
    assertThat(second.attempts.awaitNone(LONG)).isTrue();
  }

  @Test
  void anEndThatNobodyAcknowledgedIsToldAgainUnderItsNumber() throws Exception {
    var first = running(Secrets.NONE);
    first.outbox.acknowledgeReport(A, 1);
    host.awaitGuest().exits(3);
    assertThat(first.outcome()).isEqualTo(new Outcome.Exited(3));

    var second = first.next();
    assertThat(second.attempts.held()).containsExactly(A);
    assertThat(second.outcome()).isEqualTo(new Outcome.Exited(3));
    assertThat(second.reports()).extracting(AttemptReport::number).containsExactly(2L, 3L);
    assertThat(second.slots.free()).isEqualTo(second.slots.capacity());
    second.outbox.acknowledgeReport(A, 3);
    assertThat(second.attempts.held()).isEmpty();
    assertThat(host.journals().leases()).isEmpty();
    assertThat(spool.present()).isEmpty();
  }

  @Test
  void aMicroVmThatIsGoneIsTold() throws Exception {
    var first = running(Secrets.NONE);
    var guest = host.awaitGuest();
    first.detach();
    guest.vmmExits(137);
    var second = first.next();
    assertThat(code(second.outcome())).isEqualTo(FaultCode.VMM_DIED);
    assertThat(second.reports()).extracting(AttemptReport::number).containsExactly(1L, 2L, 3L);
  }

  @Test
  void afterTheHostHasBootedItsAttemptsAreLost() throws Exception {
    var first = running(Secrets.NONE);
    host.awaitGuest();
    first.detach();
    host.journals().boot();
    assertThat(code(first.next().outcome())).isEqualTo(FaultCode.WORKER_LOST);
  }

  @Test
  void anAttemptWithoutItsSpoolIsNotNamedSoThatTheOrchestratorKnowsItIsLost() throws Exception {
    var first = running(Secrets.NONE);
    host.awaitGuest();
    first.detach();
    var second = new Process();
    assertThat(second.attempts.takeUp(host.journals().read(), List.of())).isEmpty();
    assertThat(second.attempts.held()).isEmpty();
    assertThat(host.journals().leases()).isEmpty();
  }

  @Test
  void outputStaysInTheGuestUntilTheSecretsToMaskAreKnownAgain() throws Exception {
    var secrets = Secrets.of(List.of("hunter22"));
    var first = running(secrets);
    host.awaitGuest();
    first.detach();
    assertThat(host.journals().entry(A).toString()).doesNotContain("hunter22");

    var second = first.next();
    assertThat(second.attempts.assignmentsWanted()).containsExactly(A);
    assertThat(second.attempts.held()).containsExactly(A);
    assertThat(second.attempts.assign(spec(false, secrets), leaseUntil(), LEASE_TIME))
        .isEqualTo(new Admission.Known());
    assertThat(second.attempts.assignmentsWanted()).isEmpty();
    var guest = host.awaitGuest();
    guest.prints(GuestStream.STDOUT, "say hunter22\n");
    guest.exits(0);
    assertThat(second.outcome()).isEqualTo(new Outcome.Exited(0));
    assertThat(second.log()).isEqualTo("say ***\n");
  }

  @Test
  void anAttemptThatCannotBePutDownIsRefused() {
    host.journals().fill();
    var process = new Process();
    var admission = process.attempts.assign(spec(false, Secrets.NONE), leaseUntil(), LEASE_TIME);
    assertThat(admission)
        .isInstanceOfSatisfying(
            Admission.Refused.class,
            refused -> {
              assertThat(refused.code()).isEqualTo(FaultCode.INTERNAL);
              assertThat(refused.reason()).contains("No space left");
            });
    assertThat(process.slots.free()).isEqualTo(process.slots.capacity());
  }

  @Test
  void aSessionIsTakenUpWithItsExecsAndItsReleaseIsItsEnd() throws Exception {
    var first = session();
    first.execs.start(A, exec(1));
    host.awaitGuest().prints(GuestStream.STDOUT, "one\n");
    first.awaitReports(3);
    first.detach();

    var second = first.next();
    assertThat(second.attempts.assignmentsWanted()).containsExactly(A);
    second.execs.start(A, exec(1));
    second.attempts.assign(spec(true, Secrets.NONE), leaseUntil(), LEASE_TIME);
    var guest = host.awaitGuest();
    guest.prints(GuestStream.STDOUT, "two\n");
    guest.exits(4);
    second.awaitReports(5);
    assertThat(second.reports())
        .extracting(AttemptReport::event)
        .contains(
            new AttemptEvent.ExecStarted(1),
            new AttemptEvent.ExecEnded(1, new Outcome.Exited(4), 2));
    second.attempts.end(A, new EndReason.Released(9));
    assertThat(second.outcome()).isEqualTo(new Outcome.Exited(9));
    assertThat(second.log()).isEqualTo("one\ntwo\n");
  }

  @Test
  void aSessionWhoseReportsNobodyAcknowledgesIsEndedBeforeItsJournalIsTooLarge() throws Exception {
    var process = session();
    var why = OutcomePolicy.fault(FaultCode.COMMAND_NOT_STARTED, "x".repeat(500));
    for (int number = 1; number <= ExecEvents.MAX_UNACKNOWLEDGED; number++) {
      process.execs.refuse(A, number, why);
    }
    assertThat(code(process.outcome())).isEqualTo(FaultCode.INTERNAL);
  }

  @Test
  void anAbandonedSessionIsTold() throws Exception {
    var process = session();
    process.attempts.end(A, EndReason.ABANDONED);
    assertThat(code(process.outcome())).isEqualTo(FaultCode.SESSION_ABANDONED);
  }

  @Test
  void aSessionWithoutOpenExecsIsEndedByItsIdleLimit() throws Exception {
    var process = session();
    process.attempts.renew(List.of(A), timers.nanoTime(), Duration.ofHours(2));
    process.execs.start(A, exec(1));
    var guest = host.awaitGuest();
    process.awaitReports(3);
    timers.advance(IDLE.plusSeconds(1));
    assertThat(process.attempts.held()).containsExactly(A);
    guest.exits(0);
    process.awaitReports(4);
    while (!timers.firesIn(IDLE)) {
      Thread.onSpinWait();
    }
    timers.advance(IDLE);
    assertThat(code(process.outcome())).isEqualTo(FaultCode.SESSION_IDLE);
  }
}
