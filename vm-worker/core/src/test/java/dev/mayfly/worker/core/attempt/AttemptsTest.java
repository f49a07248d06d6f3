package dev.mayfly.worker.core.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.attempt.Attempts.Admission;
import dev.mayfly.worker.core.attempt.Outbox.Sendable;
import dev.mayfly.worker.core.attempt.ScriptedHost.Step;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.InMemoryLogSpool;
import dev.mayfly.worker.core.log.Secrets;
import dev.mayfly.worker.core.slot.HostCapacity;
import dev.mayfly.worker.core.slot.SlotLedger;
import dev.mayfly.worker.core.time.ManualTimers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class AttemptsTest {
  private static final AttemptLease A =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000a.1.2");
  private static final AttemptLease B =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000b.1.1");
  private static final Duration LEASE_TIME = Duration.ofSeconds(30);
  private static final Duration LONG = Duration.ofSeconds(20);

  private final ManualTimers timers = new ManualTimers();
  private final ScriptedHost host = new ScriptedHost();
  private final InMemoryLogSpool spool = new InMemoryLogSpool();
  private final Semaphore nudges = new Semaphore(0);
  private final Outbox outbox = new Outbox(nudges::release);
  private final SlotLedger slots = new SlotLedger(new HostCapacity(2, 1024, 4096));
  private final Attempts attempts =
      new Attempts(host.ports(timers), slots, spool, outbox, nudges::release);

  private AttemptSpec spec(AttemptLease lease, int memoryMib) {
    return new AttemptSpec(
        lease,
        ScriptedHost.BUNDLE,
        "debian:12",
        new Shape(1, memoryMib, 1024),
        List.of("true"),
        List.of(),
        "/",
        "",
        Duration.ofHours(1),
        NetworkMode.NONE,
        false,
        Duration.ZERO,
        Secrets.NONE,
        AttemptSpec.DEFAULT_LOG_LIMIT_BYTES,
        timers.nanoTime());
  }

  private long leaseUntil() {
    return timers.nanoTime() + LEASE_TIME.toNanos();
  }

  private Admission assign(AttemptLease lease) {
    return attempts.assign(spec(lease, 512), leaseUntil(), LEASE_TIME);
  }

  private ScriptedGuest started(AttemptLease lease) throws InterruptedException {
    assertThat(assign(lease)).isEqualTo(new Admission.Started());
    return host.awaitGuest();
  }

  @Test
  void anAssignmentRunsToItsEndAndGivesItsSlotBack() throws Exception {
    var guest = started(A);
    assertThat(attempts.held()).containsExactly(A);
    assertThat(attempts.microVmNames()).containsExactly("00000000000a.1");
    guest.exits(0);
    assertThat(attempts.awaitNone(LONG)).isTrue();
    assertThat(slots.free()).isEqualTo(slots.capacity());
    assertThat(host.world()).isEmpty();
    assertThat(attempts.microVmNames()).isEmpty();
    assertThat(timers.pendingCount()).isZero();
  }

  @Test
  void anEndThatIsNotYetAcknowledgedIsStillNamedAsHeld() throws Exception {
    started(A).exits(0);
    assertThat(attempts.awaitNone(LONG)).isTrue();
    assertThat(attempts.held()).containsExactly(A);
    outbox.acknowledgeReport(A, 3);
    assertThat(attempts.held()).isEmpty();
  }

  @Test
  void theSameAssignmentTwiceStartsOneMicroVm() throws Exception {
    var guest = started(A);
    assertThat(assign(A)).isEqualTo(new Admission.Known());
    guest.exits(0);
    assertThat(attempts.awaitNone(LONG)).isTrue();
    assertThat(assign(A)).isEqualTo(new Admission.Known());
    outbox.acknowledgeReport(A, 3);
    assertThat(assign(A)).isEqualTo(new Admission.Known());
  }

  @Test
  void anAssignmentOfAnOlderEpochIsFenced() throws Exception {
    var guest = started(A);
    assertThat(assign(AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000a.1.1")))
        .isEqualTo(new Admission.Fenced());
    guest.exits(0);
    assertThat(attempts.awaitNone(LONG)).isTrue();
    outbox.acknowledgeReport(A, 3);
    assertThat(assign(AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000a.1.1")))
        .isEqualTo(new Admission.Fenced());
  }

  @Test
  void aNewerEpochOfTheSameJobEndsTheOlder() throws Exception {
    started(A);
    var newer = AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000a.2.3");
    var guest = started(newer);
    guest.exits(0);
    assertThat(attempts.awaitNone(LONG)).isTrue();
    assertThat(attempts.held()).containsExactly(newer);
  }

  @Test
  void aFullWorkerRefuses() throws Exception {
    var guest = started(A);
    assertThat(attempts.assign(spec(B, 1024), leaseUntil(), LEASE_TIME))
        .isEqualTo(
            new Admission.Refused(
                FaultCode.WORKER_FULL,
                "worker is full: 1024 MiB of memory asked, 512 of 1024 free"));
    guest.exits(0);
    assertThat(attempts.awaitNone(LONG)).isTrue();
  }

  @Test
  void anAssignmentOfAnAbsentBundleIsTakenAndEndsWhenNobodyHasIt() throws Exception {
    host.removeBundle();
    assertThat(assign(A)).isEqualTo(new Admission.Started());
    assertThat(attempts.awaitNone(LONG)).isTrue();
    assertThat(slots.free()).isEqualTo(slots.capacity());
    assertThat(host.world()).isEmpty();
  }

  @Test
  void aLeaseThatIsNotRenewedEndsTheAttemptAndNothingIsReported() throws Exception {
    started(A);
    timers.advance(LEASE_TIME);
    assertThat(attempts.awaitNone(LONG)).isTrue();
    assertThat(attempts.held()).isEmpty();
    assertThat(host.world()).isEmpty();
    assertThat(outbox.cursor().next()).isEmpty();
  }

  @Test
  void aLeaseEndsWhenItsAssignmentSaysHoweverLongLeasesAre() throws Exception {
    attempts.assign(spec(A, 512), timers.nanoTime() + 1_000_000_000L, LEASE_TIME);
    host.awaitGuest();
    timers.advance(Duration.ofMillis(999));
    assertThat(attempts.living()).containsExactly(A);
    timers.advance(Duration.ofMillis(1));
    assertThat(attempts.awaitNone(LONG)).isTrue();
  }

  @Test
  void anAssignmentWhoseLeaseIsOverStartsNothing() throws Exception {
    assertThat(attempts.assign(spec(A, 512), timers.nanoTime(), LEASE_TIME))
        .isEqualTo(new Admission.Late());
    assertThat(attempts.held()).isEmpty();
    assertThat(slots.free()).isEqualTo(slots.capacity());
    assertThat(spool.present()).isEmpty();
    assertThat(timers.pendingCount()).isZero();
    started(A).exits(0);
    assertThat(attempts.awaitNone(LONG)).isTrue();
  }

  @Test
  void alsoAnAssignmentThatComesTooLateEndsWhatIsOlder() throws Exception {
    started(A);
    var newer = AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000a.2.3");
    assertThat(attempts.assign(spec(newer, 512), timers.nanoTime(), LEASE_TIME))
        .isEqualTo(new Admission.Late());
    assertThat(attempts.awaitNone(LONG)).isTrue();
    assertThat(attempts.held()).isEmpty();
  }

  @Test
  void aRenewedLeaseCountsFromWhenTheRenewalWasAskedFor() throws Exception {
    started(A);
    timers.advance(Duration.ofSeconds(10));
    long asked = timers.nanoTime();
    timers.advance(Duration.ofSeconds(5));
    attempts.renew(List.of(A), asked, LEASE_TIME);
    timers.advance(Duration.ofSeconds(24));
    assertThat(attempts.microVmNames()).isNotEmpty();
    timers.advance(Duration.ofSeconds(1));
    assertThat(attempts.awaitNone(LONG)).isTrue();
  }

  @Test
  void aRenewalOfAnotherEpochRenewsNothing() throws Exception {
    started(A);
    timers.advance(Duration.ofSeconds(20));
    attempts.renew(
        List.of(AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000a.1.3")),
        timers.nanoTime(),
        LEASE_TIME);
    timers.advance(Duration.ofSeconds(10));
    assertThat(attempts.awaitNone(LONG)).isTrue();
  }

  @Test
  void anEndOfAnOlderEpochIsIgnored() throws Exception {
    var guest = started(A);
    attempts.end(
        AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000a.1.1"), EndReason.CANCELLED);
    guest.exits(4);
    assertThat(attempts.awaitNone(LONG)).isTrue();
    assertThat(lastOutcome()).isEqualTo(new Outcome.Exited(4));
  }

  @Test
  void aCancelReachesItsAttemptOnly() throws Exception {
    var a = started(A);
    var b = started(B);
    attempts.end(A, EndReason.CANCELLED);
    assertThat(a.awaitSignal()).isEqualTo("15 everything");
    a.exits(143);
    assertThat(b.signalsLeft()).isZero();
    b.exits(0);
    assertThat(attempts.awaitNone(LONG)).isTrue();
  }

  @Test
  void aVoidLeaseDropsAnEndThatIsNotAcknowledged() throws Exception {
    started(A).exits(0);
    assertThat(attempts.awaitNone(LONG)).isTrue();
    attempts.end(A, EndReason.LEASE_VOID);
    assertThat(attempts.held()).isEmpty();
    assertThat(outbox.isEmpty()).isTrue();
  }

  @Test
  void aLeavingWorkerEndsWhatRunsAndTakesNothing() throws Exception {
    var reached = host.hangAt(Step.OPEN);
    assign(A);
    reached.await();
    attempts.leave();
    assertThat(attempts.awaitNone(LONG)).isTrue();
    assertThat(lastOutcome())
        .isInstanceOfSatisfying(
            Outcome.Faulted.class,
            fault -> assertThat(fault.code()).isEqualTo(FaultCode.WORKER_LEAVING));
    assertThat(assign(B))
        .isInstanceOfSatisfying(
            Admission.Refused.class,
            refused -> assertThat(refused.code()).isEqualTo(FaultCode.WORKER_LEAVING));
  }

  @Test
  void waitingForTheEndHasALimit() throws Exception {
    var guest = started(A);
    assertThat(attempts.awaitNone(Duration.ofMillis(1))).isFalse();
    guest.exits(0);
    assertThat(attempts.awaitNone(LONG)).isTrue();
  }

  private Outcome lastOutcome() {
    var cursor = outbox.cursor();
    for (var next = cursor.next(); next.isPresent(); next = cursor.next()) {
      if (next.get() instanceof Sendable.Report(var report)
          && report.event() instanceof AttemptEvent.Finished finished) {
        return finished.outcome();
      }
    }
    throw new AssertionError("no end was reported");
  }
}
