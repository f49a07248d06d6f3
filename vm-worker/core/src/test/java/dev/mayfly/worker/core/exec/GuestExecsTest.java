package dev.mayfly.worker.core.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.guest.FakeArchives;
import dev.mayfly.worker.core.guest.FakeGuest;
import dev.mayfly.worker.core.guest.FakePrograms;
import dev.mayfly.worker.core.guest.FramedGuestSessions;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.log.InMemoryLogSpool;
import dev.mayfly.worker.core.log.Secrets;
import dev.mayfly.worker.core.time.ManualTimers;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class GuestExecsTest {
  private static final AttemptLease LEASE =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b.1.1");
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final long LOG_LIMIT = 1L << 30;

  private final ManualTimers timers = new ManualTimers();
  private final InMemoryLogSpool spool = new InMemoryLogSpool();
  private final FakeArchives archives = new FakeArchives();
  private final FakeGuest guest = new FakeGuest(FakePrograms.shell(archives));
  private final FramedGuestSessions sessions = new FramedGuestSessions(new Random(1));
  private final Semaphore nudges = new Semaphore(0);
  private RecordingExecReports reports = new RecordingExecReports();
  private AttemptLog log =
      new AttemptLog(spool.create(LEASE), timers, timers.nanoTime(), LOG_LIMIT, () -> {});
  private GuestSession session;
  private GuestExecs execs;

  @BeforeEach
  void connect() throws Exception {
    connect(Set.of(), Map.of());
  }

  private void connect(Set<Integer> ended, Map<Integer, ExecMark> marks) throws Exception {
    session = sessions.open(guest.connect(), session != null, SOON);
    execs =
        new GuestExecs(
            new ExecSetting(
                LEASE,
                session,
                log,
                timers,
                new ExecDefaults(List.of("CI=true", "HOME=/root"), "/work", "builder"),
                new Shape(1, 512, 1024),
                SOON,
                ended,
                marks),
            reports,
            nudges::release);
  }

  /** Another worker process takes the guest over; nothing of the first one is left but the disk. */
  private void restart(Set<Integer> ended) throws Exception {
    // What is under way in the first one writes nothing more, as if it had been killed.
    log.end();
    execs.close();
    session.close();
    var leftover = spool.leftovers().getFirst();
    log = AttemptLog.reopen(leftover, timers, timers.nanoTime(), LOG_LIMIT, () -> {});
    var marks = reports.marks();
    reports = new RecordingExecReports();
    connect(ended, marks);
  }

  @AfterEach
  void endGuest() {
    execs.close();
    session.close();
    guest.close();
    assertThat(timers.pendingCount()).isLessThanOrEqualTo(1);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static ExecRequest script(int number, String script) {
    return script(number, script, Duration.ZERO, Secrets.NONE);
  }

  private static ExecRequest script(int number, String script, Duration timeout, Secrets secrets) {
    return new ExecRequest(
        number,
        ExecKind.COMMAND,
        List.of("sh", "-c", script),
        List.of("HOME=/home/me"),
        "",
        "",
        true,
        timeout,
        "",
        0,
        secrets);
  }

  private static ExecRequest transfer(int number, ExecKind kind, String path, long limit) {
    return new ExecRequest(
        number,
        kind,
        List.of(),
        List.of(),
        "",
        "",
        false,
        Duration.ZERO,
        path,
        limit,
        Secrets.NONE);
  }

  private byte[] logged(int exec, LogStream stream) {
    var all = new ByteArrayOutputStream();
    log.end();
    for (var chunk = log.next(0); chunk.isPresent(); chunk = log.next(chunk.get().sequence())) {
      if (chunk.get().exec() == exec && chunk.get().stream() == stream) {
        all.writeBytes(chunk.get().data());
      }
    }
    return all.toByteArray();
  }

  /** Says where they differ, not what they are. */
  private static void assertSame(byte[] actual, byte[] expected) {
    assertThat(Arrays.mismatch(actual, expected)).as("first difference").isEqualTo(-1);
  }

  private static void until(BooleanSupplier condition) {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  private InputCredit credit(int number) {
    return execs.credits().stream()
        .filter(credit -> credit.number() == number)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aBatchIsExecNumberZero() throws Exception {
    execs.start(ExecRequest.batch(List.of("sh", "-c", "echo hello; exit 3")));
    assertThat(reports.awaitStarted()).isZero();
    var result = reports.awaitEnded();
    assertThat(result.outcome()).isEqualTo(new Outcome.Exited(3));
    assertThat(result.logChunks()).isEqualTo(1);
    assertThat(logged(0, LogStream.STDOUT)).isEqualTo(bytes("hello\n"));
  }

  @Test
  void execsRunAtOnceAndTheirOutputIsKeptApart() throws Exception {
    execs.start(script(1, "cat; echo one"));
    execs.start(script(2, "cat; env HOME; env CI"));
    execs.input(2, 0, new byte[0], true);
    assertThat(reports.awaitEnded().number()).isEqualTo(2);
    assertThat(execs.open()).containsExactly(1);
    execs.input(1, 0, bytes("in\n"), true);
    assertThat(reports.awaitEnded().number()).isEqualTo(1);
    assertThat(logged(1, LogStream.STDOUT)).isEqualTo(bytes("in\none\n"));
    assertThat(logged(2, LogStream.STDOUT)).isEqualTo(bytes("/home/me\ntrue\n"));
  }

  @Test
  void aStartThatComesAgainChangesNothingAlsoAfterTheEnd() throws Exception {
    execs.start(script(1, "echo once"));
    execs.start(script(1, "echo once"));
    reports.awaitEnded();
    execs.start(script(1, "echo once"));
    execs.start(script(2, "echo two"));
    assertThat(reports.awaitEnded().number()).isEqualTo(2);
    assertThat(logged(1, LogStream.STDOUT)).isEqualTo(bytes("once\n"));
  }

  @Test
  void theGuestForgetsWhatHasEnded() throws Exception {
    execs.start(script(1, "echo once"));
    reports.awaitEnded();
    until(() -> guest.execs().isEmpty());
  }

  @Test
  void idleTimeCountsFromTheLastEnd() throws Exception {
    long first = timers.nanoTime();
    assertThat(execs.idleSince()).hasValue(first);
    execs.start(script(1, "cat"));
    assertThat(execs.idleSince()).isEmpty();
    timers.advance(Duration.ofSeconds(5));
    execs.input(1, 0, new byte[0], true);
    reports.awaitEnded();
    assertThat(execs.idleSince()).hasValue(first + Duration.ofSeconds(5).toNanos());
  }

  @Test
  void whatCannotBeStartedIsTheUsersFault() throws Exception {
    execs.start(
        new ExecRequest(
            1,
            ExecKind.COMMAND,
            List.of(""),
            List.of(),
            "",
            "",
            false,
            Duration.ZERO,
            "",
            0,
            Secrets.NONE));
    assertThat(reports.awaitEnded().outcome())
        .isInstanceOfSatisfying(
            Outcome.Faulted.class,
            fault -> assertThat(fault.code()).isEqualTo(FaultCode.COMMAND_NOT_STARTED));
    until(() -> execs.open().isEmpty());
  }

  @Test
  void oneMoreThanTheLimitIsRefusedWithAWordWhy() throws Exception {
    for (int number = 1; number <= Execs.MAX_OPEN; number++) {
      execs.start(script(number, "cat"));
    }
    execs.start(script(99, "cat"));
    var refused = reports.awaitEnded();
    assertThat(refused.number()).isEqualTo(99);
    assertThat(refused.outcome())
        .isInstanceOfSatisfying(
            Outcome.Faulted.class,
            fault -> assertThat(fault.detail()).contains("32 are open in this session"));
  }

  @Test
  void secretsOfAnExecAreMaskedInAllThatStartLater() throws Exception {
    log.learn(Secrets.of(List.of("assigned-secret")));
    execs.start(script(1, "echo assigned-secret", Duration.ZERO, Secrets.NONE));
    execs.start(script(2, "echo a", Duration.ZERO, Secrets.of(List.of("second-secret"))));
    execs.start(script(3, "echo second-secret >&2", Duration.ZERO, Secrets.NONE));
    for (int i = 0; i < 3; i++) {
      reports.awaitEnded();
    }
    assertThat(logged(1, LogStream.STDOUT)).isEqualTo(bytes("***\n"));
    assertThat(logged(3, LogStream.STDERR)).isEqualTo(bytes("***\n"));
  }

  @Test
  void inputArrivesWholeWhateverIsSentAgain() throws Exception {
    var input = FakePrograms.pattern(1_000_000);
    execs.start(script(1, "cat"));
    int sent = 0;
    while (sent < input.length) {
      var credit = credit(1);
      assertThat(credit.limit() - credit.offset()).isEqualTo(Execs.INPUT_WINDOW_BYTES);
      // From what is acknowledged: as after a broken connection.
      int from = (int) credit.offset();
      int to = (int) Math.min(Math.min(input.length, credit.limit()), from + 65_536L);
      execs.input(1, from, Arrays.copyOfRange(input, from, to), false);
      sent = Math.max(sent, to);
    }
    execs.input(1, input.length, new byte[0], true);
    assertThat(reports.awaitEnded().outcome()).isEqualTo(new Outcome.Exited(0));
    assertSame(logged(1, LogStream.STDOUT), input);
    assertThat(execs.credits()).isEmpty();
  }

  @Test
  void aProcessThatDoesNotReadHoldsItsInputBack() throws Exception {
    execs.start(script(1, "sleep 1000"));
    reports.awaitStarted();
    execs.input(1, 0, new byte[65_536], false);
    execs.input(1, 65_536, new byte[65_536], false);
    until(() -> guest.stdinHeld(2) == 65_536);
    assertThat(credit(1)).isEqualTo(new InputCredit(LEASE, 1, 0, 262_144));
    execs.input(1, 262_144, new byte[1], false);
    execs.signal(1, new ExecSignal(1, 9, true));
    assertThat(reports.awaitEnded().outcome()).isEqualTo(new Outcome.Exited(137));
  }

  @Test
  void aSignalIsSentOnceAndAlsoToWhatIsJustBeingStarted() throws Exception {
    execs.start(script(1, "sleep 1000"));
    execs.signal(1, new ExecSignal(1, 2, false));
    execs.signal(1, new ExecSignal(1, 9, false));
    assertThat(reports.awaitEnded().outcome()).isEqualTo(new Outcome.Exited(130));
  }

  @Test
  void anExecThatRunsTooLongIsAskedAndThenKilled() throws Exception {
    execs.start(script(1, "sleep 1000; ", Duration.ofSeconds(30), Secrets.NONE));
    reports.awaitStarted();
    timers.advance(Duration.ofSeconds(30));
    var result = reports.awaitEnded();
    assertThat(result.outcome())
        .isEqualTo(
            new Outcome.Faulted(
                FaultCode.EXEC_TIMEOUT, "the exec ran longer than its limit of 30 s"));
  }

  @Test
  void theTimeoutOfAnExecGoesOnInTheNextWorker() throws Exception {
    execs.start(script(1, "sleep 1000", Duration.ofSeconds(30), Secrets.NONE));
    reports.awaitStarted();
    timers.advance(Duration.ofSeconds(29));
    restart(Set.of());
    execs.start(script(1, "unused", Duration.ofSeconds(30), Secrets.NONE));
    reports.awaitStarted();
    timers.advance(Duration.ofSeconds(1));
    assertThat(reports.awaitEnded().outcome())
        .isInstanceOfSatisfying(
            Outcome.Faulted.class,
            fault -> assertThat(fault.code()).isEqualTo(FaultCode.EXEC_TIMEOUT));
  }

  @Test
  void aSignalThatReachedTheGuestIsMarked() throws Exception {
    execs.start(script(1, "sleep 1000"));
    reports.awaitStarted();
    execs.signal(1, new ExecSignal(4, 2, false));
    reports.awaitSignalled();
    assertThat(reports.marks()).containsEntry(1, new ExecMark(timers.nanoTime(), 4));
  }

  @Test
  void aSignalThatIsMarkedIsNotSentAgain() throws Exception {
    execs.start(script(1, "sleep 1000"));
    reports.awaitStarted();
    reports.signalled(1, new ExecMark(timers.nanoTime(), 4));
    restart(Set.of());
    execs.start(script(1, "unused"));
    reports.awaitStarted();
    execs.signal(1, new ExecSignal(4, 9, true));
    execs.signal(1, new ExecSignal(5, 2, true));
    assertThat(reports.awaitEnded().outcome()).isEqualTo(new Outcome.Exited(130));
  }

  @Test
  void aBugOfOursEndsTheExecAndIsSaid() throws Exception {
    reports.breakDown();
    execs.start(script(1, "sleep 1000"));
    assertThat(reports.awaitEnded().outcome())
        .isInstanceOfSatisfying(
            Outcome.Faulted.class, fault -> assertThat(fault.code()).isEqualTo(FaultCode.INTERNAL));
    assertThat(execs.open()).isEmpty();
  }

  @Test
  void anUploadReachesItsDirectory() throws Exception {
    var archive = FakePrograms.pattern(200_000);
    execs.start(transfer(1, ExecKind.UPLOAD, "/work", 200_000));
    execs.input(1, 0, Arrays.copyOfRange(archive, 0, 65_536), false);
    execs.input(1, 65_536, Arrays.copyOfRange(archive, 65_536, 131_072), false);
    execs.input(1, 131_072, Arrays.copyOfRange(archive, 131_072, 196_608), false);
    execs.input(1, 196_608, Arrays.copyOfRange(archive, 196_608, 200_000), true);
    assertThat(reports.awaitEnded().outcome()).isEqualTo(new Outcome.Exited(0));
    assertThat(archives.at("/work")).hasValueSatisfying(at -> assertSame(at, archive));
  }

  @Test
  void anUploadBeyondItsLimitIsEnded() throws Exception {
    execs.start(transfer(1, ExecKind.UPLOAD, "/work", 100));
    execs.input(1, 0, new byte[101], false);
    assertThat(reports.awaitEnded().outcome())
        .isEqualTo(
            new Outcome.Faulted(
                FaultCode.TRANSFER_TOO_LARGE,
                "the tar stream is larger than the limit of 100 bytes"));
    assertThat(archives.at("/work")).isEmpty();
  }

  @Test
  void aDownloadIsNeitherMaskedNorCountedNorCutAtTheLogsLimit() throws Exception {
    var archive = FakePrograms.pattern(500_000);
    System.arraycopy(bytes("hunter22"), 0, archive, 1000, 8);
    archives.put("/out", archive);
    log.learn(Secrets.of(List.of("hunter22")));
    execs.start(transfer(1, ExecKind.DOWNLOAD, "/out", 500_000));
    assertThat(reports.awaitEnded().outcome()).isEqualTo(new Outcome.Exited(0));
    assertSame(logged(1, LogStream.FILE), archive);
    assertThat(spool.leftovers().getFirst().state().totals().limitedBytes()).isZero();
  }

  @Test
  void aDownloadBeyondItsLimitIsEndedAndTheRestIsNotKept() throws Exception {
    archives.put("/out", FakePrograms.pattern(5_000_000));
    execs.start(transfer(1, ExecKind.DOWNLOAD, "/out", 100_000));
    assertThat(reports.awaitEnded().outcome())
        .isInstanceOfSatisfying(
            Outcome.Faulted.class,
            fault -> assertThat(fault.code()).isEqualTo(FaultCode.TRANSFER_TOO_LARGE));
    assertThat(logged(1, LogStream.FILE)).hasSizeLessThanOrEqualTo(100_000);
  }

  @Test
  void aDownloadOfNothingFailsAndTheLogSaysWhy() throws Exception {
    execs.start(transfer(1, ExecKind.DOWNLOAD, "/none", 100));
    assertThat(reports.awaitEnded().outcome())
        .isEqualTo(
            new Outcome.Faulted(
                FaultCode.TRANSFER_FAILED, "/none could not be packed; the log says why"));
    assertThat(logged(1, LogStream.STDERR)).isEqualTo(bytes("No such file or directory\n"));
  }

  @Test
  void aGuestThatIsLostIsToldAndNoEndIsInvented() throws Exception {
    execs.start(script(1, "sleep 1000"));
    reports.awaitStarted();
    guest.close();
    assertThat(reports.awaitLost().kind()).isEqualTo(GuestException.Kind.GONE);
    assertThat(reports.endsLeft()).isZero();
  }

  @Test
  void aLogThatCannotBeWrittenIsTold() throws Exception {
    spool.fill();
    execs.start(script(1, "echo x"));
    assertThat(reports.awaitBroken()).hasMessageContaining("No space");
  }

  @RepeatedTest(10)
  void anotherWorkerGoesOnWithEveryExecWithoutLosingOrRepeatingAByte() throws Exception {
    var secrets = Secrets.of(List.of("split-secret"));
    execs.start(script(1, "echo before split-; cat; echo end", Duration.ZERO, secrets));
    execs.start(script(2, "fill 1000000; cat"));
    reports.awaitStarted();
    reports.awaitStarted();
    execs.input(1, 0, bytes("split-sec"), false);
    until(() -> credit(1).offset() == 9);
    restart(Set.of());
    assertThat(execs.credits()).isEmpty();

    execs.start(script(1, "unused", Duration.ZERO, secrets));
    execs.start(script(2, "unused"));
    // At once, and again from an acknowledgement that was lost.
    execs.input(1, 5, bytes("-secret!\n"), true);
    execs.input(2, 0, new byte[0], true);
    reports.awaitEnded();
    reports.awaitEnded();
    assertThat(logged(1, LogStream.STDOUT)).isEqualTo(bytes("before split-\n***!\nend\n"));
    assertSame(logged(2, LogStream.STDOUT), FakePrograms.pattern(1_000_000));
  }

  @Test
  void anotherWorkerSaysHowMuchInputTheProcessHas() throws Exception {
    execs.start(script(1, "cat"));
    execs.input(1, 0, bytes("four"), false);
    until(() -> credit(1).offset() == 4);
    restart(Set.of());
    execs.start(script(1, "unused"));
    until(() -> execs.credits().size() == 1);
    assertThat(credit(1)).isEqualTo(new InputCredit(LEASE, 1, 4, 4 + Execs.INPUT_WINDOW_BYTES));
  }

  @Test
  void whatAnEarlierWorkerHasToldIsNotRunAgain() throws Exception {
    restart(Set.of(1));
    execs.start(script(1, "echo again"));
    execs.start(script(2, "echo next"));
    assertThat(reports.awaitEnded().number()).isEqualTo(2);
    assertThat(logged(1, LogStream.STDOUT)).isEmpty();
  }

  @Test
  void whatNobodyClaimsIsKilledAndForgotten() throws Exception {
    execs.start(script(1, "sleep 1000"));
    execs.start(script(2, "cat"));
    reports.awaitStarted();
    reports.awaitStarted();
    restart(Set.of());
    execs.start(script(2, "unused"));
    execs.dropUnclaimed();
    until(() -> guest.execs().equals(List.of(3)));
    execs.input(2, 0, bytes("x"), true);
    assertThat(reports.awaitEnded().number()).isEqualTo(2);
  }
}
