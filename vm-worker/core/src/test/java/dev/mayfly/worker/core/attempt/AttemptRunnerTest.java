package dev.mayfly.worker.core.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.attempt.ScriptedHost.Step;
import dev.mayfly.worker.core.bundle.BundleFailure;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestException.Kind;
import dev.mayfly.worker.core.guest.GuestExec.ExecEnd;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSetup;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.log.InMemoryLogSpool;
import dev.mayfly.worker.core.log.Secrets;
import dev.mayfly.worker.core.time.ManualTimers;
import dev.mayfly.worker.core.vm.HypervisorException;
import dev.mayfly.worker.core.vm.MicroVmState;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class AttemptRunnerTest {
  private static final AttemptLease LEASE =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b.1.1");
  private static final Duration LIMIT = Duration.ofSeconds(600);

  private final ManualTimers timers = new ManualTimers();
  private final ScriptedHost host = new ScriptedHost();
  private final RecordingReports reports = new RecordingReports();
  private final InMemoryLogSpool spool = new InMemoryLogSpool();
  private final AttemptLog output =
      new AttemptLog(spool.create(LEASE), timers, timers.nanoTime(), 1L << 30, () -> {});
  private final List<String> released = new ArrayList<>();
  private final AttemptSpec spec =
      new AttemptSpec(
          LEASE,
          ScriptedHost.BUNDLE,
          "debian:12",
          new Shape(1, 512, 2048),
          List.of("sh", "-c", "make"),
          List.of("CI=true", "PATH=/usr/bin"),
          "",
          "",
          LIMIT,
          NetworkMode.USER,
          false,
          Duration.ZERO,
          Secrets.NONE,
          AttemptSpec.DEFAULT_LOG_LIMIT_BYTES,
          timers.nanoTime());
  private final AttemptTerms terms = AttemptTerms.of(spec, Duration.ofMinutes(1));
  private final AttemptJournal journal =
      new AttemptJournal(host.journals(), JournalEntry.begin(terms, 0));
  private final PhaseLog phases = new PhaseLog(timers, terms.assignedAt(), Map.of());
  private final AttemptRunner runner =
      AttemptRunner.fresh(
          new AttemptRunner.Parts(
              terms,
              host.ports(timers),
              output,
              journal,
              new AttemptReporter(LEASE, phases, journal, reports, 0),
              phases,
              () ->
                  released.add("slot after " + reports.all().size() + " reports, " + host.world()),
              () -> {}),
          spec);
  private final Thread owner = Thread.ofVirtual().unstarted(runner::run);

  @AfterEach
  void nothingIsLeft() {
    assertThat(host.world()).isEmpty();
    assertThat(timers.pendingCount()).isZero();
    assertThat(runner.microVm().state()).isEqualTo(MicroVmState.DESTROYED);
  }

  private ScriptedGuest running() throws InterruptedException {
    owner.start();
    reports.await(AttemptEvent.Running.class);
    return host.awaitGuest();
  }

  private AttemptEvent.Finished finished() throws InterruptedException {
    var finished = reports.await(AttemptEvent.Finished.class);
    owner.join();
    return finished;
  }

  private void assertFault(FaultCode code, String detail) throws InterruptedException {
    assertThat(finished().outcome())
        .isInstanceOfSatisfying(
            Outcome.Faulted.class,
            fault -> {
              assertThat(fault.code()).isEqualTo(code);
              assertThat(fault.detail()).contains(detail);
            });
  }

  @Test
  void aJobRunsAndEveryPhaseIsTimed() throws Exception {
    var guest = running();
    timers.advance(Duration.ofSeconds(2));
    guest.prints(GuestStream.STDOUT, "hi\n");
    guest.prints(GuestStream.STDERR, "oh\n");
    guest.exits(3);

    assertThat(finished()).isEqualTo(new AttemptEvent.Finished(new Outcome.Exited(3), 2, 6, 4096));
    assertThat(reports.all()).extracting(AttemptReport::number).containsExactly(1L, 2L, 3L);
    assertThat(reports.all().get(0).event()).isEqualTo(new AttemptEvent.Preparing());
    assertThat(reports.all().get(1).event())
        .isEqualTo(new AttemptEvent.Running("6.1.0-test", "scripted 1 tcg"));
    assertThat(reports.all().get(1).phases())
        .containsOnlyKeys(Phase.PREPARED, Phase.BOOTED, Phase.READY, Phase.EXECUTING);
    assertThat(reports.all().get(2).phases())
        .containsOnlyKeys(
            Phase.PREPARED,
            Phase.BOOTED,
            Phase.READY,
            Phase.EXECUTING,
            Phase.ENDED,
            Phase.DESTROYED)
        .containsEntry(Phase.EXECUTING, Duration.ZERO)
        .containsEntry(Phase.DESTROYED, Duration.ofSeconds(2));
    assertThat(new String(output.next(0).orElseThrow().data(), StandardCharsets.UTF_8))
        .isEqualTo("hi\n");
  }

  @Test
  void theSlotIsFreeWhenTheEndIsReportedAndTheMicroVmIsGoneBefore() throws Exception {
    running().exits(0);
    finished();
    assertThat(released).containsExactly("slot after 2 reports, []");
  }

  @Test
  void theJobGetsTheImagesDefaultsAndItsOwnValuesWin() throws Exception {
    var guest = running();
    var command = guest.command();
    assertThat(command.environment()).containsExactly("LANG=C", "CI=true", "PATH=/usr/bin");
    assertThat(command.workingDirectory()).isEqualTo("/workspace");
    assertThat(command.user()).isEqualTo("builder");
    assertThat(guest.setupSeen().network()).isEqualTo(GuestSetup.Network.USER_MODE);
    assertThat(guest.setupSeen().hostname()).isEqualTo("mayfly-7c8d9e0f1a2b-1");
    assertThat(guest.setupSeen().entropy()).hasSize(64);
    assertThat(guest.setupSeen().machineId()).matches("[0-9a-f]{32}");
    guest.exits(0);
    finished();
  }

  /** A step, how it fails, what is reported. */
  record StepFault(Step step, Exception failure, FaultCode code, String detail) {}

  static List<StepFault> stepFaults() {
    return List.of(
        new StepFault(
            Step.BUNDLE,
            new BundleFailure(BundleFailure.Kind.BROKEN, "vmlinux differs", null),
            FaultCode.BUNDLE_BROKEN,
            "vmlinux"),
        new StepFault(
            Step.DIRECTORY, new IOException("No space left"), FaultCode.BOOT_FAILED, "No space"),
        new StepFault(
            Step.SCRATCH, new IOException("No space left"), FaultCode.BOOT_FAILED, "scratch disk"),
        new StepFault(
            Step.BOOT, new HypervisorException("no qemu"), FaultCode.BOOT_FAILED, "no qemu"),
        new StepFault(
            Step.CONNECT,
            new IOException("no such socket"),
            FaultCode.BOOT_FAILED,
            "the VMM said: scripted diagnostics"),
        new StepFault(Step.OPEN, guest(Kind.TIMEOUT), FaultCode.BOOT_TIMEOUT, "within 60 s"),
        new StepFault(Step.OPEN, guest(Kind.GONE), FaultCode.BOOT_FAILED, "before its guest"),
        new StepFault(Step.OPEN, guest(Kind.VIOLATION), FaultCode.GUEST_PROTOCOL, "protocol"),
        new StepFault(
            Step.SETUP, guest(Kind.SETUP_FAILED), FaultCode.GUEST_SETUP_FAILED, "scripted"),
        new StepFault(Step.SETUP, guest(Kind.TIMEOUT), FaultCode.GUEST_SETUP_FAILED, "60 s"),
        new StepFault(Step.SETUP, guest(Kind.GONE), FaultCode.GUEST_DIED, "set up"),
        new StepFault(
            Step.START, guest(Kind.EXEC_FAILED), FaultCode.COMMAND_NOT_STARTED, "scripted"),
        new StepFault(Step.START, guest(Kind.TIMEOUT), FaultCode.GUEST_DIED, "within 30 s"),
        new StepFault(Step.START, guest(Kind.GONE), FaultCode.GUEST_DIED, "started"),
        new StepFault(Step.SETUP, new IllegalStateException("bug"), FaultCode.INTERNAL, "bug"));
  }

  /** Fail at a step, and let one undo fail once. */
  record Row(StepFault fault, String undo) {}

  static List<Row> faultTable() {
    var rows = new ArrayList<Row>();
    for (var fault : stepFaults()) {
      rows.add(new Row(fault, ""));
      for (var undo : ScriptedHost.UNDOS) {
        rows.add(new Row(fault, undo));
      }
    }
    return rows;
  }

  @ParameterizedTest
  @MethodSource("faultTable")
  void whateverStepFailsItIsReportedAndNothingIsLeft(Row row) throws Exception {
    host.failAt(row.fault().step(), row.fault().failure());
    host.failUndoOnce(row.undo());
    owner.start();
    assertFault(row.fault().code(), row.fault().detail());
    assertThat(released).hasSize(1);
    assertThat(reports.all()).hasSize(2);
  }

  @ParameterizedTest
  @MethodSource("undos")
  void anUndoThatFailsOnceLeavesNothingAfterASuccess(String undo) throws Exception {
    host.failUndoOnce(undo);
    running().exits(0);
    assertThat(finished().outcome()).isEqualTo(new Outcome.Exited(0));
  }

  static List<String> undos() {
    return ScriptedHost.UNDOS;
  }

  @ParameterizedTest
  @EnumSource(names = {"SCRATCH", "BOOT", "CONNECT", "OPEN", "SETUP", "START"})
  void aCancelTakesEffectWhileAStepStillBlocks(Step step) throws Exception {
    var reached = host.hangAt(step);
    owner.start();
    reached.await();
    runner.end(EndReason.CANCELLED);
    assertThat(finished().outcome()).isEqualTo(new Outcome.Cancelled());
  }

  @Test
  void aPreparationThatHangsIsGivenUp() throws Exception {
    var reached = host.hangAt(Step.SCRATCH);
    owner.start();
    reached.await();
    timers.advance(Preparation.FILES_LIMIT.plus(BootLimits.TCG.total()));
    assertFault(FaultCode.BOOT_TIMEOUT, "not ready within");
  }

  @Test
  void aJobThatHeedsTheSignalOfItsTimeoutEndsInTheGrace() throws Exception {
    var guest = running();
    timers.advance(LIMIT);
    assertThat(guest.awaitSignal()).isEqualTo("15 everything");
    guest.exits(143);
    assertFault(FaultCode.JOB_TIMEOUT, "longer than its limit of 600 s");
    assertThat(new String(output.next(0).orElseThrow().data(), StandardCharsets.UTF_8))
        .isEqualTo("mayfly: the job ran longer than its limit of 600 s\n");
  }

  @Test
  void aJobThatIgnoresTheSignalOfItsTimeoutIsDestroyedAfterTheGrace() throws Exception {
    var guest = running();
    timers.advance(LIMIT);
    guest.awaitSignal();
    timers.advance(EndPolicy.TIMEOUT_GRACE.minusMillis(1));
    assertThat(host.world()).isNotEmpty();
    timers.advance(Duration.ofMillis(1));
    assertFault(FaultCode.JOB_TIMEOUT, "600 s");
  }

  @Test
  void aCancelledJobMayEndInTheGraceAndIsCancelledWhateverItsCode() throws Exception {
    var guest = running();
    runner.end(EndReason.CANCELLED);
    runner.end(EndReason.CANCELLED);
    assertThat(guest.awaitSignal()).isEqualTo("15 everything");
    guest.exits(0);
    assertThat(finished().outcome()).isEqualTo(new Outcome.Cancelled());
    assertThat(guest.signalsLeft()).isZero();
  }

  @Test
  void aCancelledJobThatDoesNotEndIsDestroyedAfterFiveSeconds() throws Exception {
    var guest = running();
    runner.end(EndReason.CANCELLED);
    guest.awaitSignal();
    timers.advance(EndPolicy.CANCEL_GRACE);
    assertThat(finished().outcome()).isEqualTo(new Outcome.Cancelled());
  }

  @Test
  void aLaterReasonShortensTheGraceButTheFirstReasonCounts() throws Exception {
    var guest = running();
    timers.advance(LIMIT);
    guest.awaitSignal();
    timers.advance(AttemptLog.LINGER);
    runner.end(EndReason.WORKER_LEAVING);
    while (timers.untilNext().compareTo(EndPolicy.LEAVE_GRACE) > 0) {
      Thread.onSpinWait();
    }
    timers.advance(EndPolicy.LEAVE_GRACE);
    assertFault(FaultCode.JOB_TIMEOUT, "600 s");
  }

  @Test
  void aWorkerThatLeavesEndsItsJobs() throws Exception {
    var guest = running();
    runner.end(EndReason.WORKER_LEAVING);
    guest.awaitSignal();
    timers.advance(EndPolicy.LEAVE_GRACE);
    assertFault(FaultCode.WORKER_LEAVING, "shut down");
  }

  @Test
  void aVoidLeaseDestroysAtOnceAndReportsNothing() throws Exception {
    var guest = running();
    runner.end(EndReason.LEASE_VOID);
    owner.join();
    assertThat(guest.signalsLeft()).isZero();
    assertThat(reports.all()).hasSize(2);
    assertThat(reports.dropped()).containsExactly(LEASE);
    assertThat(released).hasSize(1);
  }

  @Test
  void aJobKilledForMemoryIsTold() throws Exception {
    running().ends(new ExecEnd(true, 9, true, false, false, 0, 0, 0));
    assertFault(FaultCode.OUT_OF_MEMORY, "512 MiB");
  }

  @Test
  void leftProcessesThatHeldTheOutputAreTold() throws Exception {
    running().ends(new ExecEnd(false, 0, false, false, true, 0, 0, 0));
    assertThat(finished().outcome()).isEqualTo(new Outcome.Exited(0));
    assertThat(new String(output.next(0).orElseThrow().data(), StandardCharsets.UTF_8))
        .contains("left behind");
  }

  @Test
  void aViolationEndsTheJobAtOnce() throws Exception {
    running().breaks(guest(Kind.VIOLATION));
    assertFault(FaultCode.GUEST_PROTOCOL, "broke the protocol: scripted");
  }

  @Test
  void aVmmThatEndsUnderTheJobIsToldWithItsCode() throws Exception {
    var guest = running();
    guest.breaks(guest(Kind.GONE));
    guest.vmmExits(1);
    assertFault(
        FaultCode.VMM_DIED,
        "the VMM ended with code 1 while the job ran; the VMM said: scripted diagnostics");
    var console = output.next(0).orElseThrow();
    assertThat(console.stream()).isEqualTo(LogStream.CONSOLE);
    assertThat(new String(console.data(), StandardCharsets.UTF_8)).isEqualTo("scripted panic");
  }

  @Test
  void aKernelThatPanickedIsToldApartFromAVmmThatCrashed() throws Exception {
    var guest = running();
    guest.vmmExits(0);
    guest.breaks(guest(Kind.GONE));
    assertFault(FaultCode.GUEST_PANIC, "kernel panicked or powered off");
  }

  @Test
  void whatTheGuestSaidLastCountsThoughTheVmmIsGone() throws Exception {
    var guest = running();
    guest.vmmExits(0);
    guest.exits(7);
    assertThat(finished().outcome()).isEqualTo(new Outcome.Exited(7));
  }

  @Test
  void aSilentGuestIsGivenUpAfterThreePings() throws Exception {
    var guest = running();
    ping(guest);
    guest.fallsSilent();
    ping(guest);
    ping(guest);
    timers.advance(GuestWatch.PING_PERIOD);
    assertFault(FaultCode.GUEST_DIED, "did not answer 3 times in a row");
  }

  /** Lets one ping happen and waits until the next one is planned. */
  private void ping(ScriptedGuest guest) throws InterruptedException {
    int planned = timers.pendingCount();
    timers.advance(GuestWatch.PING_PERIOD);
    guest.awaitPing();
    while (timers.pendingCount() < planned) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aSpoolThatCannotBeWrittenEndsTheJob() throws Exception {
    var guest = running();
    spool.fill();
    try {
      guest.prints(GuestStream.STDOUT, "x");
    } catch (InterruptedException expected) {
      // The guest's output has nowhere to go.
    }
    assertFault(FaultCode.INTERNAL, "No space left on device");
  }

  private static GuestException guest(Kind kind) {
    return new GuestException(kind, "scripted");
  }
}
