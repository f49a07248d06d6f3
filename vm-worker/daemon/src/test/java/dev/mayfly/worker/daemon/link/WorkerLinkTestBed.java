package dev.mayfly.worker.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.Label;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.api.worker.v1.Assignment;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.Finished;
import dev.mayfly.api.worker.v1.LogAck;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.Registered;
import dev.mayfly.api.worker.v1.ReportAck;
import dev.mayfly.api.worker.v1.WorkerMessage.MessageCase;
import dev.mayfly.worker.core.attempt.Attempts;
import dev.mayfly.worker.core.attempt.Outbox;
import dev.mayfly.worker.core.attempt.ScriptedGuest;
import dev.mayfly.worker.core.attempt.ScriptedHost;
import dev.mayfly.worker.core.exec.ExecCommands;
import dev.mayfly.worker.core.log.InMemoryLogSpool;
import dev.mayfly.worker.core.slot.HostCapacity;
import dev.mayfly.worker.core.slot.SlotLedger;
import dev.mayfly.worker.core.time.ManualTimers;
import dev.mayfly.worker.daemon.builds.ImageBuilds;
import dev.mayfly.worker.daemon.link.FakeOrchestrator.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** A worker link between a scripted host and an orchestrator that a test plays. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
abstract class WorkerLinkTestBed {
  static final String JOB = "0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b";
  static final AttemptRef REF = ref(2);
  static final int HEARTBEAT_SECONDS = 10;
  static final int LEASE_SECONDS = 3600;
  static final Duration LIMIT = Duration.ofSeconds(20);

  final ManualTimers timers = new ManualTimers();
  final ScriptedHost host = new ScriptedHost();
  final RecordingImages images = new RecordingImages();
  final Nudge nudge = new Nudge();
  final Outbox outbox = new Outbox(nudge::give);
  final Attempts attempts =
      new Attempts(
          host.ports(timers),
          new SlotLedger(new HostCapacity(2, 1024, 4096)),
          new InMemoryLogSpool(),
          outbox,
          nudge::give);
  final Told told = new Told();
  volatile String token = FakeOrchestrator.TOKEN;
  FakeOrchestrator orchestrator;
  WorkerLinkClient link;

  static final class Told implements LinkPorts.LinkListener {
    final LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();

    @Override
    public void registered() {
      events.add("registered");
    }

    @Override
    public void lost(String reason, boolean first) {
      events.add((first ? "lost: " : "still lost: ") + reason);
    }
  }

  static final class Readings implements LinkPorts.HostReadings {
    @Override
    public int freeMemoryMib() {
      return 777;
    }

    @Override
    public int freeScratchMib() {
      return 888;
    }
  }

  @BeforeEach
  void start() throws IOException {
    orchestrator = new FakeOrchestrator();
    link =
        new WorkerLinkClient(
            new LinkPorts(
                orchestrator::dial,
                this::readToken,
                new Readings(),
                attempts,
                ExecCommands.NONE,
                outbox,
                host,
                images,
                new ImageBuilds(Optional.empty(), timers, nudge::give),
                timers,
                nudge,
                told),
            new Registration(
                new WorkerId(UUID.fromString("11111111-2222-4333-8444-555555555555")),
                "test-worker",
                "0.1",
                "x86_64",
                new HostCapacity(2, 1024, 4096),
                List.of(new VmmFact("qemu", "7.2", "tcg", true, "the binary answers")),
                "6.1.0",
                new TreeSet<>(List.of(new Label("gpu"))),
                new WorkerPoolName("fast")),
            new SplittableRandom(1));
    Thread.ofVirtual()
        .start(() -> {
          try {
            link.run();
          } catch (InterruptedException unused) {
            Thread.currentThread().interrupt();
          }
        });
  }

  String readToken() throws IOException {
    if (token.isEmpty()) {
      throw new IOException("no token yet");
    }
    return token;
  }

  @AfterEach
  void stop() throws Exception {
    attempts.leave();
    while (!attempts.awaitNone(Duration.ofMillis(20))) {
      timers.advance(Duration.ofSeconds(1));
    }
    assertThat(host.world()).isEmpty();
    assertThat(link.close(LIMIT)).isTrue();
    orchestrator.close();
  }

  /** The next connection, with time passing while we wait for it. */
  Connection connection() throws InterruptedException {
    while (true) {
      var connection = orchestrator.connections().poll(20, TimeUnit.MILLISECONDS);
      if (connection != null) {
        return connection;
      }
      timers.advance(Duration.ofMillis(200));
    }
  }

  Connection registered() throws InterruptedException {
    var connection = connection();
    connection.await(MessageCase.REGISTER);
    connection.send(welcome());
    return connection;
  }

  static OrchestratorMessage.Builder welcome(AttemptRef... ended) {
    return OrchestratorMessage.newBuilder()
        .setRegistered(
            Registered.newBuilder()
                .setHeartbeatSeconds(HEARTBEAT_SECONDS)
                .setLeaseSeconds(LEASE_SECONDS)
                .addAllEndAttempts(List.of(ended)));
  }

  static AttemptRef ref(long epoch) {
    return AttemptRef.newBuilder().setJobId(JOB).setAttemptNumber(1).setLeaseEpoch(epoch).build();
  }

  static OrchestratorMessage.Builder assignment(AttemptRef ref) {
    return OrchestratorMessage.newBuilder()
        .setAssignment(
            Assignment.newBuilder()
                .setAttempt(ref)
                .setBundleDigest(ScriptedHost.BUNDLE.value())
                .setImage("debian:12")
                .setShape(
                    dev.mayfly.api.worker.v1.Shape.newBuilder()
                        .setCpus(1)
                        .setMemoryMib(512)
                        .setScratchMib(1024))
                .addCommand("true")
                .setTimeoutSeconds(3600)
                .setLeaseLeftMicros(LEASE_SECONDS * 1_000_000L));
  }

  ScriptedGuest running(Connection connection) throws InterruptedException {
    connection.send(assignment(REF));
    connection.await(message -> message.getReport().hasRunning());
    return host.awaitGuest();
  }

  static Finished finished(Connection connection) throws InterruptedException {
    return connection.await(message -> message.getReport().hasFinished()).getReport().getFinished();
  }

  static OrchestratorMessage.Builder reportAck(AttemptRef ref, long number) {
    return OrchestratorMessage.newBuilder()
        .setReportAck(ReportAck.newBuilder().setAttempt(ref).setReportNumber(number));
  }

  static OrchestratorMessage.Builder logAck(AttemptRef ref, long sequence) {
    return OrchestratorMessage.newBuilder()
        .setLogAck(LogAck.newBuilder().setAttempt(ref).setSequence(sequence));
  }

  void awaitEmptyOutbox() {
    while (!outbox.isEmpty()) {
      Thread.onSpinWait();
    }
  }
}
