package dev.mayfly.core.exec;

import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.exec.ExecStore.Applied;
import dev.mayfly.core.exec.ExecStore.Opening;
import dev.mayfly.core.exec.ExecStore.Signalled;
import dev.mayfly.core.exec.ExecStore.Written;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptEvent;
import dev.mayfly.core.job.EndRequest;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobEvent;
import dev.mayfly.core.job.JobMachine;
import dev.mayfly.core.job.JobStep;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.Workload;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.log.LogChunk;
import dev.mayfly.core.log.LogCursor;
import dev.mayfly.core.log.LogStore;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link ExecStore} keeps; each test starts with empty stores. */
public abstract class ExecStoreContract {
  private static final String FINGERPRINT = "f".repeat(64);
  private static final ExecSpec DOWNLOAD =
      new ExecSpec.Download("/work", 1000, Duration.ofHours(1));

  private final Worker worker = Examples.worker("host-1", NOON);
  private JobStore jobs;
  private LogStore logs;
  private ExecStore execs;
  private Job session;

  /** The stores over one empty database. */
  public record Stores(JobStore jobs, WorkerStore workers, LogStore logs, ExecStore execs) {}

  protected abstract Stores emptyStores();

  @BeforeEach
  void open() {
    Stores stores = emptyStores();
    jobs = stores.jobs();
    logs = stores.logs();
    execs = stores.execs();
    stores.workers().register(worker);
    session = running(placed(submitted(Examples.SESSION)));
  }

  private Job submitted(Workload workload) {
    Job job =
        Job.submitted(
            Examples.id(),
            Examples.spec(Examples.demand(Shape.DEFAULT), workload, Examples.LIMITS),
            NOON);
    jobs.submit(job, null);
    return job;
  }

  private Job placed(Job job) {
    JobStep step =
        JobMachine.apply(job, new JobEvent.Placed(worker.id(), LeasePolicy.DEFAULT, NOON));
    Job after = ((JobStep.Changed) step).job();
    assertThat(jobs.commitPlacements(List.of(new JobStore.Placement(job, after))))
        .containsExactly(job.id());
    return after;
  }

  private Job apply(Job job, AttemptEvent event) {
    Attempt attempt = job.currentAttempt();
    return change(job, new JobEvent.OnAttempt(attempt.id(), attempt.lease().epoch(), event));
  }

  private Job change(Job job, JobEvent event) {
    Job after = ((JobStep.Changed) JobMachine.apply(job, event)).job();
    assertThat(jobs.commit(job, after)).isTrue();
    return after;
  }

  private Job running(Job job) {
    return apply(
        job,
        new AttemptEvent.Reported(1, Map.of(), new AttemptEvent.Change.Running("qemu", "6.1")));
  }

  private Job finished(Job job, Outcome outcome) {
    return apply(
        job,
        new AttemptEvent.Reported(
            9, Map.of(), new AttemptEvent.Change.Finished(outcome, 5, 0, NOON.plusSeconds(9))));
  }

  private static JobStore.Claim claim(Job job) {
    Attempt attempt = job.currentAttempt();
    return new JobStore.Claim(attempt.id(), attempt.lease().epoch());
  }

  private static ExecSpec.Command command(boolean stdin) {
    return new ExecSpec.Command(
        List.of("sh", "-c", "echo \"ä\ttab\" {}\\,'"),
        new TreeMap<>(Map.of("TOKEN", "se,cret\n\"x\"", "EMPTY", "")),
        new TreeSet<>(Set.of("TOKEN")),
        "/build",
        "1000:1000",
        stdin,
        Duration.ofSeconds(30));
  }

  private Exec opened(ExecSpec spec) {
    return ((Opening.Opened) execs.open(session.id(), spec, null, NOON)).exec();
  }

  private Exec read(Exec exec) {
    return execs.find(exec.job(), exec.number()).orElseThrow();
  }

  private Applied report(Exec exec, ExecEvent event) {
    return execs.apply(worker.id(), claim(session), exec.number(), event);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private Written write(Exec exec, long offset, String text, boolean end) {
    return execs.write(exec.job(), exec.number(), offset, bytes(text), end);
  }

  @Test
  void anExecIsReadAsItWasOpened() {
    for (ExecSpec spec :
        List.of(
            command(true),
            command(false),
            new ExecSpec.Command(
                List.of("true"), new TreeMap<>(), new TreeSet<>(), "", "", false, null),
            new ExecSpec.Upload("/work", 1L << 33, Duration.ofHours(1)),
            DOWNLOAD)) {
      Exec exec = opened(spec);
      assertThat(exec.spec()).isEqualTo(spec);
      assertThat(read(exec)).isEqualTo(exec);
    }
    assertThat(execs.list(session.id(), 0, 100).stream().map(Exec::number))
        .containsExactly(1, 2, 3, 4, 5);
    assertThat(execs.list(session.id(), 2, 2).stream().map(Exec::number)).containsExactly(3, 4);
    assertThat(execs.find(session.id(), 6)).isEmpty();
  }

  @Test
  void aRepeatedOpeningMakesNothingNew() {
    IdempotencyKey key = new IdempotencyKey("k", FINGERPRINT);
    Exec exec = ((Opening.Opened) execs.open(session.id(), command(true), key, NOON)).exec();
    assertThat(execs.open(session.id(), command(true), key, NOON))
        .isEqualTo(new Opening.Repeated(exec));
    assertThat(
            execs.open(session.id(), command(false), new IdempotencyKey("k", "e".repeat(64)), NOON))
        .isEqualTo(new Opening.KeyTaken(1));
    assertThat(execs.list(session.id(), 0, 10)).containsExactly(exec);
    Job other = running(placed(submitted(Examples.SESSION)));
    assertThat(execs.open(other.id(), command(true), key, NOON)).isInstanceOf(Opening.Opened.class);
  }

  @Test
  void onlyARunningSessionTakesExecs() {
    assertThat(open(Examples.id())).isEqualTo(new Opening.NoSuchJob());
    Job queued = submitted(Examples.SESSION);
    assertThat(open(queued.id())).isEqualTo(new Opening.NotRunning());
    assertThat(open(placed(queued).id())).isEqualTo(new Opening.NotRunning());
    Job batch = running(placed(submitted(Examples.BATCH)));
    assertThat(open(batch.id())).isEqualTo(new Opening.NotASession());
    Job ending = change(session, new JobEvent.EndRequested(new EndRequest.Release(0), NOON));
    assertThat(open(session.id())).isEqualTo(new Opening.JobEnded());
    finished(ending, new Outcome.Exited(0));
    assertThat(open(session.id())).isEqualTo(new Opening.JobEnded());
  }

  private Opening open(JobId job) {
    return execs.open(job, command(false), null, NOON);
  }

  @Test
  void onlySoManyAreOpenAtOnce() {
    Exec first = opened(command(false));
    for (int i = 1; i < Exec.MAX_OPEN; i++) {
      opened(command(false));
    }
    assertThat(open(session.id())).isEqualTo(new Opening.TooMany(Exec.MAX_OPEN, true));
    report(first, new ExecEvent.Ended(new Outcome.Exited(0), 0, NOON));
    assertThat(opened(command(false)).number()).isEqualTo(Exec.MAX_OPEN + 1);
  }

  @Test
  void anExecGoesAsItsWorkerReportsAndItsEnvironmentEndsWithIt() {
    Exec exec = opened(command(false));
    assertThat(report(exec, new ExecEvent.Started(NOON))).isEqualTo(Applied.CHANGED);
    assertThat(report(exec, new ExecEvent.Started(NOON))).isEqualTo(Applied.UNCHANGED);
    assertThat(read(exec).state()).isEqualTo(new ExecState.Started(NOON));
    Outcome fault = new Outcome.Faulted(FaultCode.EXEC_TIMEOUT, "Too long.");
    assertThat(report(exec, new ExecEvent.Ended(fault, 3, NOON.plusSeconds(1))))
        .isEqualTo(Applied.CHANGED);
    assertThat(report(exec, new ExecEvent.Ended(new Outcome.Exited(0), 4, NOON)))
        .isEqualTo(Applied.UNCHANGED);
    assertThat(read(exec).state()).isEqualTo(new ExecState.Ended(fault, 3, NOON.plusSeconds(1)));
    assertThat(read(exec).spec()).isEqualTo(command(false).withoutEnvironment());
  }

  @Test
  void whoDoesNotHoldTheLeaseIsNotHeard() {
    Exec exec = opened(command(true));
    ExecEvent event = new ExecEvent.Started(NOON);
    JobStore.Claim old = new JobStore.Claim(claim(session).attempt(), new LeaseEpoch(2));
    WorkerId other = new WorkerId(UUID.randomUUID());
    assertThat(execs.apply(worker.id(), old, 1, event)).isEqualTo(Applied.FENCED);
    assertThat(execs.apply(other, claim(session), 1, event)).isEqualTo(Applied.FENCED);
    assertThat(execs.apply(worker.id(), claim(session), 2, event)).isEqualTo(Applied.FENCED);
    assertThat(execs.acknowledge(other, claim(session), 1, 0, 9_999_999)).isEqualTo(Applied.FENCED);
    assertThat(read(exec)).isEqualTo(exec);
  }

  @Test
  void inputIsKeptUntilItIsAcknowledged() {
    Exec exec = opened(command(true));
    assertThat(write(exec, 0, "one ", false)).isEqualTo(new Written.Stored(4, false));
    assertThat(write(exec, 2, "e two", false)).isEqualTo(new Written.Stored(7, false));
    assertThat(write(exec, 9, "x", false)).isEqualTo(new Written.WrongOffset(7));
    assertThat(text(exec, 0)).isEqualTo("one two");
    assertThat(text(exec, 2)).isEqualTo("e two");
    assertThat(execs.acknowledge(worker.id(), claim(session), 1, 4, 300_000))
        .isEqualTo(Applied.CHANGED);
    assertThat(execs.acknowledge(worker.id(), claim(session), 1, 4, 300_000))
        .isEqualTo(Applied.UNCHANGED);
    assertThat(read(exec).input()).isEqualTo(new ExecInput(7, false, 4, 300_000));
    assertThat(text(exec, 4)).isEqualTo("two");
    assertThat(write(exec, 7, "", true)).isEqualTo(new Written.Stored(7, true));
    assertThat(write(exec, 7, "more", false)).isEqualTo(new Written.Closed());
    report(exec, new ExecEvent.Ended(new Outcome.Exited(0), 0, NOON));
    assertThat(write(exec, 7, "", true)).isEqualTo(new Written.ExecEnded());
    assertThat(execs.input(exec.job(), 1, 4, 100)).isEmpty();
    assertThat(execs.write(exec.job(), 2, 0, bytes("x"), false))
        .isEqualTo(new Written.NoSuchExec());
    Exec deaf = opened(command(false));
    assertThat(write(deaf, 0, "x", false)).isEqualTo(new Written.Closed());
  }

  /** All input from the offset on, read in small steps. */
  private String text(Exec exec, long from) {
    StringBuilder text = new StringBuilder();
    for (long at = from; at < read(exec).input().stored(); ) {
      ExecStore.Piece piece = execs.input(exec.job(), exec.number(), at, 3).getFirst();
      assertThat(piece.offset()).isEqualTo(at);
      assertThat(piece.data().length).isBetween(1, 3);
      text.append(new String(piece.data(), StandardCharsets.UTF_8));
      at += piece.data().length;
    }
    return text.toString();
  }

  @Test
  void aWholeWindowOfInputIsStoredInPiecesAndNoMore() {
    Exec exec = opened(command(true));
    byte[] window = new byte[(int) ExecInput.WINDOW];
    new Random(7).nextBytes(window);
    assertThat(execs.write(exec.job(), 1, 0, window, false))
        .isEqualTo(new Written.Stored(window.length, false));
    assertThat(write(exec, window.length, "x", false)).isEqualTo(new Written.WindowFull());
    byte[] back = new byte[window.length];
    for (int at = 0; at < back.length; ) {
      for (ExecStore.Piece piece : execs.input(exec.job(), 1, at, 200_000)) {
        assertThat(piece.offset()).isEqualTo(at);
        assertThat(piece.data().length).isLessThanOrEqualTo(65536);
        System.arraycopy(piece.data(), 0, back, at, piece.data().length);
        at += piece.data().length;
      }
    }
    assertThat(back).isEqualTo(window);
    execs.acknowledge(worker.id(), claim(session), 1, 70_000, 0);
    assertThat(write(exec, window.length, "x", false))
        .isEqualTo(new Written.Stored(window.length + 1, false));
  }

  @Test
  void signalsAreNumberedAndBounded() {
    Exec exec = opened(command(false));
    assertThat(execs.signal(exec.job(), 1, 15, false)).isEqualTo(Signalled.STORED);
    assertThat(execs.signal(exec.job(), 1, 9, true)).isEqualTo(Signalled.STORED);
    assertThat(execs.signals(exec.job(), 1, 0))
        .containsExactly(new ExecStore.Signal(1, 15, false), new ExecStore.Signal(2, 9, true));
    assertThat(execs.signals(exec.job(), 1, 1)).containsExactly(new ExecStore.Signal(2, 9, true));
    assertThat(read(exec).signals()).isEqualTo(2);
    for (int i = 2; i < Exec.MAX_SIGNALS; i++) {
      execs.signal(exec.job(), 1, 2, false);
    }
    assertThat(execs.signal(exec.job(), 1, 2, false)).isEqualTo(Signalled.TOO_MANY);
    report(exec, new ExecEvent.Ended(new Outcome.Exited(0), 0, NOON));
    assertThat(execs.signal(exec.job(), 1, 2, false)).isEqualTo(Signalled.EXEC_ENDED);
    assertThat(execs.signal(exec.job(), 2, 2, false)).isEqualTo(Signalled.NO_SUCH_EXEC);
  }

  @Test
  void whatIsOpenIsDueAtItsWorker() {
    Exec first = opened(command(true));
    Exec second = opened(command(false));
    Exec third = opened(DOWNLOAD);
    report(second, new ExecEvent.Started(NOON));
    report(third, new ExecEvent.Ended(new Outcome.Exited(0), 0, NOON));
    write(first, 0, "abc", false);
    execs.signal(second.job(), second.number(), 15, false);
    assertThat(execs.open(List.of(worker.id(), new WorkerId(UUID.randomUUID()))))
        .containsExactly(
            new ExecStore.Due(
                worker.id(),
                claim(session),
                1,
                true,
                true,
                new ExecInput(3, false, 0, ExecInput.FIRST_LIMIT),
                0),
            new ExecStore.Due(
                worker.id(),
                claim(session),
                2,
                false,
                false,
                new ExecInput(0, true, 0, ExecInput.FIRST_LIMIT),
                1));
    assertThat(execs.open(List.of(new WorkerId(UUID.randomUUID())))).isEmpty();
    assertThat(execs.open(List.of())).isEmpty();
  }

  @Test
  void whatIsLeftOverEndsWithItsAttempt() {
    Exec ended = opened(command(false));
    report(ended, new ExecEvent.Ended(new Outcome.Exited(3), 1, NOON));
    Exec open = opened(command(false));
    assertThat(execs.endLeftOver(10)).isEmpty();
    Outcome fault = new Outcome.Faulted(FaultCode.GUEST_PANIC, "It panicked.");
    finished(session, fault);
    assertThat(execs.open(List.of(worker.id()))).isEmpty();
    assertThat(execs.endLeftOver(10)).containsExactly(session.id());
    assertThat(execs.endLeftOver(10)).isEmpty();
    assertThat(read(open).state()).isEqualTo(new ExecState.Ended(fault, 5, NOON.plusSeconds(9)));
    assertThat(read(open).spec()).isEqualTo(command(false).withoutEnvironment());
    assertThat(read(ended).state()).isEqualTo(new ExecState.Ended(new Outcome.Exited(3), 1, NOON));
  }

  private static LogChunk chunk(long sequence, LogStream stream, String text, int exec) {
    return new LogChunk(sequence, stream, NOON, ByteBuffer.wrap(bytes(text)), exec);
  }

  private List<LogChunk> log(@Nullable Integer exec) {
    LogStore.Slice slice =
        logs.read(
            session.id(),
            LogCursor.startOf(1),
            new LogStore.Selection(Set.of(LogStream.STDOUT, LogStream.FILE), exec),
            1000,
            1000);
    return slice.pieces().stream().map(LogStore.Piece::chunk).toList();
  }

  @Test
  void outputIsToldApartByExecAndADownloadIsRemovedOnceFetched() {
    opened(command(false));
    Exec download = opened(DOWNLOAD);
    LogChunk first = chunk(1, LogStream.STDOUT, "of the first", 1);
    LogChunk file = chunk(2, LogStream.FILE, "tar", 2);
    LogChunk none = chunk(3, LogStream.STDOUT, "of none", 0);
    logs.append(claim(session), List.of(first, file, none));
    assertThat(log(1)).containsExactly(first);
    assertThat(log(2)).containsExactly(file);
    assertThat(log(null)).containsExactly(first, file, none);
    execs.discard(session.id(), 1);
    execs.discard(session.id(), download.number());
    assertThat(log(null)).containsExactly(first, none);
    assertThat(opened(command(false)).logFrom()).isEqualTo(3);
  }

  @Test
  void downloadsOfOldSessionsAreRemoved() {
    Exec download = opened(DOWNLOAD);
    logs.append(claim(session), List.of(chunk(1, LogStream.FILE, "tar", download.number())));
    assertThat(execs.discardFinished(NOON.plusSeconds(60), 10)).isZero();
    finished(jobs.find(session.id()).orElseThrow(), new Outcome.Exited(0));
    assertThat(execs.discardFinished(NOON, 10)).isZero();
    assertThat(execs.discardFinished(NOON.plusSeconds(60), 10)).isEqualTo(1);
    assertThat(execs.discardFinished(NOON.plusSeconds(60), 10)).isZero();
    assertThat(log(download.number())).isEmpty();
  }
}
