package dev.mayfly.worker.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.api.worker.v1.Assignment;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.HeartbeatReply;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.Refusal;
import dev.mayfly.api.worker.v1.Registered;
import dev.mayfly.api.worker.v1.Shape;
import dev.mayfly.api.worker.v1.WorkerMessage.MessageCase;
import dev.mayfly.worker.core.attempt.Attempts;
import dev.mayfly.worker.core.attempt.Outbox;
import dev.mayfly.worker.core.attempt.ScriptedHost;
import dev.mayfly.worker.core.exec.ExecCommands;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.InMemoryLogSpool;
import dev.mayfly.worker.core.slot.HostCapacity;
import dev.mayfly.worker.core.slot.SlotLedger;
import dev.mayfly.worker.core.time.ManualTimers;
import dev.mayfly.worker.daemon.builds.ImageBuilds;
import dev.mayfly.worker.daemon.link.FakeOrchestrator.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When the lease of an assignment ends here, whenever the assignment comes. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LeaseLinkTest {
  private static final String JOB = "0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b";
  private static final AttemptLease LEASE = AttemptLease.parse(JOB + ".1.2");
  private static final AttemptRef REF =
      AttemptRef.newBuilder().setJobId(JOB).setAttemptNumber(1).setLeaseEpoch(2).build();
  private static final Duration HEARTBEAT = Duration.ofSeconds(10);
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final Duration TICK = Duration.ofMillis(1);

  private final ManualTimers timers = new ManualTimers();
  private final ScriptedHost host = new ScriptedHost();
  private final RecordingImages images = new RecordingImages();
  private final Nudge nudge = new Nudge();
  private final Outbox outbox = new Outbox(nudge::give);
  private final SlotLedger slots = new SlotLedger(new HostCapacity(2, 1024, 4096));
  private final Attempts attempts =
      new Attempts(host.ports(timers), slots, new InMemoryLogSpool(), outbox, nudge::give);
  private FakeOrchestrator orchestrator;
  private WorkerLinkClient link;

  private static final class Quiet implements LinkPorts.HostReadings, LinkPorts.LinkListener {
    @Override
    public int freeMemoryMib() {
      return 0;
    }

    @Override
    public int freeScratchMib() {
      return 0;
    }

    @Override
    public void registered() {}

    @Override
    public void lost(String reason, boolean first) {}
  }

  @BeforeEach
  void start() throws Exception {
    orchestrator = new FakeOrchestrator();
    var quiet = new Quiet();
    link =
        new WorkerLinkClient(
            new LinkPorts(
                orchestrator::dial,
                () -> FakeOrchestrator.TOKEN,
                quiet,
                attempts,
                ExecCommands.NONE,
                outbox,
                host,
                images,
                new ImageBuilds(Optional.empty(), timers, nudge::give),
                timers,
                nudge,
                quiet),
            new Registration(
                new WorkerId(UUID.fromString("11111111-2222-4333-8444-555555555555")),
                "test-worker",
                "0.1",
                "x86_64",
                new HostCapacity(2, 1024, 4096),
                List.of(),
                "6.1.0",
                new TreeSet<>(),
                WorkerPoolName.DEFAULT),
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

  @AfterEach
  void stop() throws Exception {
    attempts.leave();
    while (!attempts.awaitNone(Duration.ofMillis(20))) {
      timers.advance(Duration.ofSeconds(1));
    }
    assertThat(link.close(LIMIT)).isTrue();
    orchestrator.close();
  }

  /** The worker has said who it is, and waits. */
  private Connection dialled() throws InterruptedException {
    var connection = orchestrator.connections().poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
    connection.await(MessageCase.REGISTER);
    return connection;
  }

  private static void welcome(Connection connection) throws InterruptedException {
    connection.send(
        OrchestratorMessage.newBuilder()
            .setRegistered(
                Registered.newBuilder()
                    .setHeartbeatSeconds((int) HEARTBEAT.toSeconds())
                    .setLeaseSeconds(60)));
    connection.await(MessageCase.HEARTBEAT);
  }

  private void assign(Connection connection, Duration left, int message) {
    connection.send(
        OrchestratorMessage.newBuilder()
            .setAssignment(
                Assignment.newBuilder()
                    .setAttempt(REF)
                    .setBundleDigest(ScriptedHost.BUNDLE.value())
                    .setShape(Shape.newBuilder().setCpus(1).setMemoryMib(512).setScratchMib(1024))
                    .addCommand("true")
                    .setTimeoutSeconds(3600)
                    .setLeaseLeftMicros(left.toNanos() / 1000)
                    .setLeaseFromMessage(message)));
  }

  private void awaitRunning(Connection connection) throws InterruptedException {
    connection.await(message -> message.getReport().hasRunning());
    host.awaitGuest();
  }

  private void assertEndsIn(Duration left) throws InterruptedException {
    timers.advance(left.minus(TICK));
    assertThat(attempts.living()).containsExactly(LEASE);
    timers.advance(TICK);
    assertThat(attempts.awaitNone(LIMIT)).isTrue();
  }

  /** The first refusal there is; what was sent before it has been read. */
  private static Refusal refused(Connection connection) throws InterruptedException {
    return connection.await(MessageCase.REFUSAL).getRefusal();
  }

  @Test
  void whatIsLeftOfALeaseCountsFromTheRegistration() throws Exception {
    var connection = dialled();
    timers.advance(Duration.ofSeconds(5));
    welcome(connection);
    assign(connection, Duration.ofSeconds(30), 0);
    awaitRunning(connection);
    assertEndsIn(Duration.ofSeconds(25));
  }

  @ParameterizedTest(name = "of heartbeat {0}: it ends in {1} s")
  @CsvSource({"1, 7", "2, 17"})
  void whatIsLeftOfALeaseCountsFromTheHeartbeatThatIsNamed(int message, int seconds)
      throws Exception {
    var connection = dialled();
    welcome(connection);
    timers.advance(HEARTBEAT);
    connection.await(MessageCase.HEARTBEAT);
    connection.send(
        OrchestratorMessage.newBuilder().setHeartbeatReply(HeartbeatReply.getDefaultInstance()));
    timers.advance(Duration.ofSeconds(3));
    assign(connection, Duration.ofSeconds(20), message);
    awaitRunning(connection);
    assertEndsIn(Duration.ofSeconds(seconds));
  }

  @Test
  void anAssignmentThatComesWhenItsLeaseIsOverStartsNothingAndIsNotRefused() throws Exception {
    var connection = dialled();
    welcome(connection);
    timers.advance(HEARTBEAT);
    connection.await(MessageCase.HEARTBEAT);
    assign(connection, HEARTBEAT, 1);
    connection.send(
        OrchestratorMessage.newBuilder().setAssignment(Assignment.getDefaultInstance()));
    assertThat(refused(connection).getAttempt()).isEqualTo(AttemptRef.getDefaultInstance());
    assertThat(attempts.held()).isEmpty();
    assertThat(slots.free()).isEqualTo(slots.capacity());
  }

  @Test
  void anAssignmentThatComesAgainDoesNotShortenTheLease() throws Exception {
    var connection = dialled();
    welcome(connection);
    assign(connection, Duration.ofSeconds(25), 1);
    awaitRunning(connection);
    assign(connection, TICK, 0);
    connection.send(
        OrchestratorMessage.newBuilder().setAssignment(Assignment.getDefaultInstance()));
    refused(connection);
    assertEndsIn(Duration.ofSeconds(25));
  }

  @Test
  void anAssignmentThatDoesNotSayWhatIsLeftIsRefused() throws Exception {
    var connection = dialled();
    welcome(connection);
    assign(connection, Duration.ZERO, 1);
    assertThat(refused(connection).getReason()).endsWith("lease_left_micros is missing");
  }

  @Test
  void anAssignmentThatCountsFromAHeartbeatToComeIsRefused() throws Exception {
    var connection = dialled();
    welcome(connection);
    assign(connection, Duration.ofSeconds(30), 2);
    assertThat(refused(connection).getReason())
        .endsWith("lease_from_message is 2, but the last heartbeat was number 1");
  }

  @Test
  void whatIsLeftOfALeaseIsBounded() throws Exception {
    var connection = dialled();
    welcome(connection);
    assign(connection, Duration.ofDays(30), 1);
    awaitRunning(connection);
    assertThat(timers.firesIn(Duration.ofHours(1))).isTrue();
    assertThat(timers.firesIn(Duration.ofDays(30))).isFalse();
  }
}
