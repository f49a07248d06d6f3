package dev.mayfly.worker.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.LogStream;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.api.worker.v1.Assignment;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.LogAck;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.Registered;
import dev.mayfly.api.worker.v1.ReportAck;
import dev.mayfly.api.worker.v1.Shape;
import dev.mayfly.api.worker.v1.WorkerMessage.MessageCase;
import dev.mayfly.worker.core.attempt.ScriptedHost;
import dev.mayfly.worker.core.janitor.HostLeftovers;
import dev.mayfly.worker.core.janitor.JanitorPlanner.VmmProcess;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.ExecStream;
import dev.mayfly.worker.core.log.LogTotals;
import dev.mayfly.worker.core.log.RawProgress;
import dev.mayfly.worker.core.log.SpoolRecord;
import dev.mayfly.worker.core.slot.HostCapacity;
import dev.mayfly.worker.daemon.config.WorkerConfig.OnStop;
import dev.mayfly.worker.daemon.link.FakeOrchestrator;
import dev.mayfly.worker.daemon.link.LinkPorts;
import dev.mayfly.worker.daemon.link.Nudge;
import dev.mayfly.worker.daemon.link.Registration;
import dev.mayfly.worker.daemon.spool.FileLogSpool;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class WorkerProcessTest {
  private static final AttemptLease EARLIER =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-000000000001.1.1");
  private static final AttemptRef REF =
      AttemptRef.newBuilder()
          .setJobId("0197a1b2-c3d4-7e5f-8a6b-000000000002")
          .setAttemptNumber(1)
          .setLeaseEpoch(1)
          .build();

  @TempDir Path root;
  private final SystemTimers timers = new SystemTimers();
  private final ScriptedHost host = new ScriptedHost();
  private final Leftovers leftovers = new Leftovers();
  private FakeOrchestrator orchestrator;
  private FileLogSpool spool;
  private WorkerProcess process;

  private static final class Leftovers implements HostLeftovers {
    private final List<VmmProcess> processes = new ArrayList<>();
    private final List<Path> directories = new ArrayList<>();

    @Override
    public Path root() {
      return Path.of("/vms");
    }

    @Override
    public synchronized List<VmmProcess> processes() {
      return List.copyOf(processes);
    }

    @Override
    public synchronized List<Path> directories() {
      return List.copyOf(directories);
    }

    @Override
    public List<AttemptLease> spools() {
      return List.of();
    }

    @Override
    public List<AttemptLease> journals() {
      return List.of();
    }

    @Override
    public void removeSpool(AttemptLease lease) {
      throw new IllegalStateException("none is told of");
    }

    @Override
    public void removeJournal(AttemptLease lease) {
      throw new IllegalStateException("none is told of");
    }

    @Override
    public synchronized void kill(VmmProcess process) {
      processes.remove(process);
    }

    @Override
    public synchronized void removeDirectory(Path directory) {
      directories.remove(directory);
    }
  }

  private static final class Silent implements LinkPorts.LinkListener {
    @Override
    public void registered() {}

    @Override
    public void lost(String reason, boolean first) {}
  }

  @BeforeEach
  void wire() throws Exception {
    orchestrator = new FakeOrchestrator();
    spool = FileLogSpool.open(root.resolve("spool"), InstantSource.system(), List::of);
    var earlier = spool.create(EARLIER);
    earlier.append(
        new SpoolRecord(
            1,
            new ExecStream(0, LogStream.STDOUT),
            0,
            new byte[] {'x'},
            new RawProgress(1, 1),
            LogTotals.NONE));
    process = worker(OnStop.DESTROY);
  }

  private WorkerProcess worker(OnStop onStop) throws Exception {
    return new WorkerProcess(
        new WorkerProcess.Parts(
            new Registration(
                new WorkerId(UUID.randomUUID()),
                "test",
                "0",
                "x86_64",
                new HostCapacity(2, 1024, 4096),
                List.of(),
                "6.1",
                new TreeSet<>(),
                WorkerPoolName.DEFAULT),
            host,
            host,
            host,
            leftovers,
            new StillImages(host, timers),
            spool,
            host.journals(),
            timers,
            orchestrator::dial,
            () -> FakeOrchestrator.TOKEN,
            new LinuxReadings(root),
            new Silent(),
            new SecureRandom(),
            onStop,
            new Nudge()));
  }

  @AfterEach
  void release() {
    timers.close();
    orchestrator.close();
    assertThat(host.world()).isEmpty();
  }

  private FakeOrchestrator.Connection registered() throws InterruptedException {
    var connection = orchestrator.connections().poll(20, TimeUnit.SECONDS);
    assertThat(connection).isNotNull();
    connection.await(MessageCase.REGISTER);
    connection.send(
        OrchestratorMessage.newBuilder()
            .setRegistered(Registered.newBuilder().setHeartbeatSeconds(10).setLeaseSeconds(60)));
    return connection;
  }

  @Test
  void whatAnEarlierRunLeftIsRemovedBeforeTheStart() throws Exception {
    leftovers.processes.add(new VmmProcess(7, 1, Path.of("/vms/a.1")));
    leftovers.directories.add(Path.of("/vms/a.1"));
    WorkerProcess.cleanUp(leftovers, host.journals());
    assertThat(leftovers.processes()).isEmpty();
    assertThat(leftovers.directories()).isEmpty();
  }

  @Test
  void theLogOfAnAttemptThatIsGoneIsDeliveredAndItsSpoolRemoved() throws Exception {
    process.start();
    var connection = registered();
    var chunk = connection.await(MessageCase.LOG_CHUNK).getLogChunk();
    assertThat(chunk.getAttempt().getJobId()).isEqualTo(EARLIER.attempt().job().toString());
    assertThat(chunk.getData().toStringUtf8()).isEqualTo("x");
    connection.send(
        OrchestratorMessage.newBuilder()
            .setLogAck(LogAck.newBuilder().setAttempt(chunk.getAttempt()).setSequence(1)));
    while (root.resolve("spool").resolve(EARLIER.toString()).toFile().exists()) {
      Thread.onSpinWait();
    }
    process.stop("test");
  }

  @Test
  void aWorkerThatKeepsItsMicroVmsLeavesThemToTheNextOne() throws Exception {
    process = worker(OnStop.KEEP);
    process.start();
    var connection = registered();
    connection.send(assignment());
    connection.await(message -> message.getReport().hasRunning());
    host.awaitGuest();
    process.stop("SIGTERM");
    assertThat(connection.awaitEnd()).isEqualTo("COMPLETED");
    assertThat(host.world()).contains("microVM 000000000002.1");

    var next = worker(OnStop.DESTROY);
    next.start();
    var again = orchestrator.connections().poll(20, TimeUnit.SECONDS);
    assertThat(again).isNotNull();
    var register = again.await(MessageCase.REGISTER).getRegister();
    assertThat(register.getRunningAttemptsList()).containsExactly(REF);
    assertThat(register.getAssignmentsWantedList()).isEmpty();
    again.send(
        OrchestratorMessage.newBuilder()
            .setRegistered(Registered.newBuilder().setHeartbeatSeconds(10).setLeaseSeconds(60)));
    host.awaitGuest().exits(6);
    var finished = again.await(message -> message.getReport().hasFinished()).getReport();
    assertThat(finished.getFinished().getExited().getCode()).isEqualTo(6);
    assertThat(finished.getReportNumber()).isEqualTo(3);
    next.stop("test");
  }

  private static OrchestratorMessage.Builder assignment() {
    return OrchestratorMessage.newBuilder()
        .setAssignment(
            Assignment.newBuilder()
                .setAttempt(REF)
                .setBundleDigest(ScriptedHost.BUNDLE.value())
                .setShape(Shape.newBuilder().setCpus(1).setMemoryMib(512).setScratchMib(1024))
                .addCommand("true")
                .setTimeoutSeconds(600)
                .setLeaseLeftMicros(60_000_000));
  }

  @Test
  void aWorkerThatStopsEndsItsJobsAndReportsThemBeforeItGoes() throws Exception {
    process.start();
    var connection = registered();
    connection.send(assignment());
    connection.await(message -> message.getReport().hasRunning());
    var guest = host.awaitGuest();
    var stopped = new CompletableFuture<Duration>();
    long begin = System.nanoTime();
    Thread.ofVirtual()
        .start(() -> {
          try {
            process.stop("SIGTERM");
            stopped.complete(Duration.ofNanos(System.nanoTime() - begin));
          } catch (InterruptedException failure) {
            stopped.completeExceptionally(failure);
          }
        });
    guest.awaitSignal();
    guest.exits(143);
    connection.await(MessageCase.LEAVING);
    var finished = connection.await(message -> message.getReport().hasFinished()).getReport();
    assertThat(finished.getFinished().getFaulted().getCode()).isEqualTo("WORKER_LEAVING");
    assertThat(stopped).isNotDone();
    connection.send(
        OrchestratorMessage.newBuilder()
            .setReportAck(
                ReportAck.newBuilder()
                    .setAttempt(REF)
                    .setReportNumber(finished.getReportNumber())));
    assertThat(stopped.get(20, TimeUnit.SECONDS)).isLessThan(WorkerProcess.JOBS_END_LIMIT);
    assertThat(connection.awaitEnd()).isEqualTo("COMPLETED");
  }
}
