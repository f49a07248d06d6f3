package dev.mayfly.worker.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.Label;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.api.worker.v1.Assignment;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.EndAttempt;
import dev.mayfly.api.worker.v1.EndReason;
import dev.mayfly.api.worker.v1.Finished;
import dev.mayfly.api.worker.v1.HeartbeatReply;
import dev.mayfly.api.worker.v1.LogAck;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.Registered;
import dev.mayfly.api.worker.v1.ReportAck;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.api.worker.v1.WorkerMessage.MessageCase;
import dev.mayfly.worker.core.attempt.Attempts;
import dev.mayfly.worker.core.attempt.Outbox;
import dev.mayfly.worker.core.attempt.ScriptedGuest;
import dev.mayfly.worker.core.attempt.ScriptedHost;
import dev.mayfly.worker.core.exec.ExecCommands;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.log.InMemoryLogSpool;
import dev.mayfly.worker.core.slot.HostCapacity;
import dev.mayfly.worker.core.slot.SlotLedger;
import dev.mayfly.worker.core.time.ManualTimers;
import dev.mayfly.worker.daemon.link.FakeOrchestrator.Connection;
import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class WorkerLinkClientTest {
  private static final String JOB = "0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b";
  private static final AttemptRef REF = ref(2);
  private static final int HEARTBEAT_SECONDS = 10;
  private static final int LEASE_SECONDS = 3600;
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private final ManualTimers timers = new ManualTimers();
  private final ScriptedHost host = new ScriptedHost();
  private final Nudge nudge = new Nudge();
  private final Outbox outbox = new Outbox(nudge::give);
  private final Attempts attempts =
      new Attempts(
          host.ports(timers),
          new SlotLedger(new HostCapacity(2, 1024, 4096)),
          new InMemoryLogSpool(),
          outbox,
          nudge::give);
  private final Told told = new Told();
  private volatile String token = FakeOrchestrator.TOKEN;
  private FakeOrchestrator orchestrator;
  private WorkerLinkClient link;

  private static final class Told implements LinkPorts.LinkListener {
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

  private static final class Readings implements LinkPorts.HostReadings {
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

  private String readToken() throws IOException {
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
  private Connection connection() throws InterruptedException {
    while (true) {
      var connection = orchestrator.connections().poll(20, TimeUnit.MILLISECONDS);
      if (connection != null) {
        return connection;
      }
      timers.advance(Duration.ofMillis(200));
    }
  }

  private Connection registered() throws InterruptedException {
    var connection = connection();
    connection.await(MessageCase.REGISTER);
    connection.send(welcome());
    return connection;
  }

  private static OrchestratorMessage.Builder welcome(AttemptRef... ended) {
    return OrchestratorMessage.newBuilder()
        .setRegistered(
            Registered.newBuilder()
                .setHeartbeatSeconds(HEARTBEAT_SECONDS)
                .setLeaseSeconds(LEASE_SECONDS)
                .addAllEndAttempts(List.of(ended)));
  }

  private static AttemptRef ref(long epoch) {
    return AttemptRef.newBuilder().setJobId(JOB).setAttemptNumber(1).setLeaseEpoch(epoch).build();
  }

  private static OrchestratorMessage.Builder assignment(AttemptRef ref) {
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

  private ScriptedGuest running(Connection connection) throws InterruptedException {
    connection.send(assignment(REF));
    connection.await(message -> message.getReport().hasRunning());
    return host.awaitGuest();
  }

  private static Finished finished(Connection connection) throws InterruptedException {
    return connection.await(message -> message.getReport().hasFinished()).getReport().getFinished();
  }

  private static OrchestratorMessage.Builder reportAck(AttemptRef ref, long number) {
    return OrchestratorMessage.newBuilder()
        .setReportAck(ReportAck.newBuilder().setAttempt(ref).setReportNumber(number));
  }

  private static OrchestratorMessage.Builder logAck(AttemptRef ref, long sequence) {
    return OrchestratorMessage.newBuilder()
        .setLogAck(LogAck.newBuilder().setAttempt(ref).setSequence(sequence));
  }

  private void awaitEmptyOutbox() {
    while (!outbox.isEmpty()) {
      Thread.onSpinWait();
    }
  }

  @Test
  void theWorkerSaysWhatItIsAndHas() throws Exception {
    var register = connection().await(MessageCase.REGISTER).getRegister();
    assertThat(register.getLabelsList()).containsExactly("gpu");
    assertThat(register.getPool()).isEqualTo("fast");
    assertThat(register.getProtocolVersion()).isEqualTo(2);
    assertThat(register.getWorkerId()).isEqualTo("11111111-2222-4333-8444-555555555555");
    assertThat(register.getName()).isEqualTo("test-worker");
    assertThat(register.getCapacity().getMemoryMib()).isEqualTo(1024);
    assertThat(register.getBundleDigestsList()).containsExactly(ScriptedHost.BUNDLE.value());
    assertThat(register.getVmms(0).getAccelerator()).isEqualTo("tcg");
    assertThat(register.getVmms(0).getUsable()).isTrue();
    assertThat(register.getRunningAttemptsList()).isEmpty();
  }

  @Test
  void aJobIsReportedWithItsLogBeforeItsEnd() throws Exception {
    var connection = registered();
    var guest = running(connection);
    guest.prints(GuestStream.STDOUT, "hi\n");
    timers.advance(AttemptLog.LINGER);
    var chunk = connection.await(MessageCase.LOG_CHUNK).getLogChunk();
    assertThat(chunk.getAttempt()).isEqualTo(REF);
    assertThat(chunk.getSequence()).isEqualTo(1);
    assertThat(chunk.getData().toStringUtf8()).isEqualTo("hi\n");
    guest.exits(3);
    var finished = finished(connection);
    assertThat(finished.getExited().getCode()).isEqualTo(3);
    assertThat(finished.getLogChunks()).isEqualTo(1);
    assertThat(finished.getLogBytes()).isEqualTo(3);
    assertThat(outbox.isEmpty()).isFalse();
    connection.send(logAck(REF, 1));
    connection.send(reportAck(REF, 3));
    awaitEmptyOutbox();
  }

  @Test
  void whatWasNotAcknowledgedIsSentAgainAfterAReconnect() throws Exception {
    var first = registered();
    var guest = running(first);
    guest.prints(GuestStream.STDOUT, "one");
    guest.prints(GuestStream.STDERR, "two");
    timers.advance(AttemptLog.LINGER);
    first.await(message -> message.getLogChunk().getSequence() == 2);
    first.send(reportAck(REF, 1));
    first.send(logAck(REF, 1));
    first.send(logAck(REF, 1));
    first.fail(Status.UNAVAILABLE);
    guest.prints(GuestStream.STDOUT, "three");
    guest.exits(0);

    var second = connection();
    var register = second.await(MessageCase.REGISTER).getRegister();
    assertThat(register.getRunningAttemptsList()).containsExactly(REF);
    second.send(welcome());
    assertThat(second.await(MessageCase.REPORT).getReport().getReportNumber()).isEqualTo(2);
    assertThat(second.await(MessageCase.LOG_CHUNK).getLogChunk().getSequence()).isEqualTo(2);
    assertThat(second.await(MessageCase.LOG_CHUNK).getLogChunk().getData().toStringUtf8())
        .isEqualTo("three");
    assertThat(finished(second).getLogChunks()).isEqualTo(3);
    second.send(reportAck(REF, 3));
    second.send(logAck(REF, 3));
    second.send(logAck(REF, 2));
    second.send(reportAck(REF, 3));
    awaitEmptyOutbox();
  }

  @Test
  void anEndThatIsNotAcknowledgedIsNamedAtTheNextRegistration() throws Exception {
    var first = registered();
    running(first).exits(0);
    finished(first);
    first.fail(Status.UNAVAILABLE);
    var second = connection();
    assertThat(second.await(MessageCase.REGISTER).getRegister().getRunningAttemptsList())
        .containsExactly(REF);
  }

  @Test
  void theSameAssignmentAgainStartsNothing() throws Exception {
    var connection = registered();
    var guest = running(connection);
    connection.send(assignment(REF));
    guest.exits(5);
    assertThat(finished(connection).getExited().getCode()).isEqualTo(5);
  }

  @Test
  void whatCarriesAnOlderEpochIsIgnored() throws Exception {
    var connection = registered();
    var guest = running(connection);
    connection.send(assignment(ref(1)));
    connection.send(
        OrchestratorMessage.newBuilder()
            .setEndAttempt(
                EndAttempt.newBuilder()
                    .setAttempt(ref(1))
                    .setReason(EndReason.END_REASON_CANCELLED)));
    connection.send(reportAck(ref(1), 99));
    connection.send(logAck(ref(1), 99));
    guest.exits(6);
    assertThat(finished(connection).getExited().getCode()).isEqualTo(6);
  }

  @Test
  void aCancelIsObeyedAndReported() throws Exception {
    var connection = registered();
    var guest = running(connection);
    connection.send(
        OrchestratorMessage.newBuilder()
            .setEndAttempt(
                EndAttempt.newBuilder().setAttempt(REF).setReason(EndReason.END_REASON_CANCELLED)));
    guest.awaitSignal();
    guest.exits(143);
    assertThat(finished(connection).hasCancelled()).isTrue();
  }

  @Test
  void whatDoesNotFitIsRefused() throws Exception {
    var connection = registered();
    var message = assignment(REF);
    message.getAssignmentBuilder().getShapeBuilder().setMemoryMib(4096);
    connection.send(message);
    var refusal = connection.await(MessageCase.REFUSAL).getRefusal();
    assertThat(refusal.getAttempt()).isEqualTo(REF);
    assertThat(refusal.getFaultCode()).isEqualTo("WORKER_FULL");
    assertThat(refusal.getReason()).contains("4096 MiB of memory asked");
  }

  @Test
  void anAssignmentThatIsNotValidIsRefusedAndTheLinkLives() throws Exception {
    var connection = registered();
    var message = assignment(REF);
    message.getAssignmentBuilder().clearCommand();
    connection.send(message);
    var refusal = connection.await(MessageCase.REFUSAL).getRefusal();
    assertThat(refusal.getFaultCode()).isEqualTo("INTERNAL");
    assertThat(refusal.getReason()).contains("command is empty");
    connection.send(reportAck(AttemptRef.newBuilder().setJobId("rubbish").build(), 1));
    running(connection).exits(0);
    finished(connection);
  }

  @Test
  void heartbeatsNameWhatRunsAndTheReplyRenewsIt() throws Exception {
    var connection = registered();
    running(connection);
    timers.advance(Duration.ofSeconds(HEARTBEAT_SECONDS));
    var heartbeat = connection.await(MessageCase.HEARTBEAT).getHeartbeat();
    assertThat(heartbeat.getRunningAttemptsList()).containsExactly(REF);
    assertThat(heartbeat.getFreeMemoryMib()).isEqualTo(777);
    assertThat(heartbeat.getFreeScratchMib()).isEqualTo(888);
    assertThat(heartbeat.getBundleDigestsList()).isEmpty();
  }

  @Test
  void aRenewedLeaseCountsFromTheHeartbeatThatAskedForIt() throws Exception {
    var connection = registered();
    connection.await(MessageCase.HEARTBEAT);
    connection.send(
        OrchestratorMessage.newBuilder().setHeartbeatReply(HeartbeatReply.getDefaultInstance()));
    running(connection);
    timers.advance(Duration.ofSeconds(HEARTBEAT_SECONDS));
    connection.await(MessageCase.HEARTBEAT);
    connection.send(
        OrchestratorMessage.newBuilder()
            .setHeartbeatReply(HeartbeatReply.newBuilder().addRenewed(REF)));
    // Its refusal shows that what came before it has been read.
    connection.send(
        OrchestratorMessage.newBuilder().setAssignment(Assignment.getDefaultInstance()));
    connection.await(MessageCase.REFUSAL);
    timers.advance(Duration.ofSeconds(LEASE_SECONDS - 1));
    assertThat(attempts.microVmNames()).isNotEmpty();
    assertThat(host.world()).isNotEmpty();
    timers.advance(Duration.ofSeconds(1));
    assertThat(attempts.awaitNone(LIMIT)).isTrue();
  }

  @Test
  void aHeartbeatReplyMayVoidAnAttempt() throws Exception {
    var connection = registered();
    running(connection);
    connection.send(
        OrchestratorMessage.newBuilder()
            .setHeartbeatReply(HeartbeatReply.newBuilder().addEndAttempts(REF)));
    assertThat(attempts.awaitNone(LIMIT)).isTrue();
    assertThat(attempts.held()).isEmpty();
  }

  @Test
  void anAttemptWhoseLeaseIsGoneIsDestroyedAtRegistration() throws Exception {
    var first = registered();
    running(first);
    first.fail(Status.UNAVAILABLE);
    var second = connection();
    second.await(MessageCase.REGISTER);
    second.send(welcome(REF));
    assertThat(attempts.awaitNone(LIMIT)).isTrue();
    awaitEmptyOutbox();
  }

  @Test
  void aSilentOrchestratorIsLeftAndDialledAgain() throws Exception {
    var first = registered();
    first.await(MessageCase.HEARTBEAT);
    for (int i = 0; i <= LinkConnection.SILENT_HEARTBEATS; i++) {
      timers.advance(Duration.ofSeconds(HEARTBEAT_SECONDS));
    }
    assertThat(first.awaitEnd()).isEqualTo("CANCELLED");
    connection().await(MessageCase.REGISTER);
  }

  @Test
  void aWrongTokenIsToldOnceAndTriedAgain() throws Exception {
    var first = registered();
    awaitTold("registered");
    token = "wrong";
    first.fail(Status.UNAVAILABLE);
    assertThat(awaitTold("lost: UNAUTHENTICATED")).endsWith("wrong worker token");
    awaitTold("still lost: UNAUTHENTICATED");
    token = FakeOrchestrator.TOKEN;
    registered();
    awaitTold("registered");
  }

  private String awaitTold(String beginning) throws InterruptedException {
    while (true) {
      var event = told.events.poll(20, TimeUnit.MILLISECONDS);
      if (event == null) {
        timers.advance(Duration.ofMillis(200));
      } else if (event.startsWith(beginning)) {
        return event;
      }
    }
  }

  @Test
  void aTokenThatIsNotThereYetIsWaitedFor() throws Exception {
    var first = registered();
    token = "";
    first.fail(Status.UNAVAILABLE);
    awaitTold("lost: no token yet");
    token = FakeOrchestrator.TOKEN;
    registered();
  }

  @Test
  void aLeavingWorkerSaysSoAndReportsItsJobs() throws Exception {
    var connection = registered();
    var guest = running(connection);
    link.leave("SIGTERM");
    assertThat(connection.await(MessageCase.LEAVING).getLeaving().getReason()).isEqualTo("SIGTERM");
    attempts.leave();
    guest.awaitSignal();
    guest.exits(143);
    assertThat(finished(connection).getFaulted().getCode()).isEqualTo("WORKER_LEAVING");
    assertThat(link.close(LIMIT)).isTrue();
    assertThat(connection.awaitEnd()).isEqualTo("COMPLETED");
  }

  @Test
  void anUnansweredRegistrationIsGivenUp() throws Exception {
    var connection = connection();
    connection.await(MessageCase.REGISTER);
    timers.advance(LinkConnection.REGISTER_LIMIT);
    assertThat(connection.awaitEnd()).isEqualTo("CANCELLED");
    WorkerMessage again = connection().await(MessageCase.REGISTER);
    assertThat(again.getRegister().getName()).isEqualTo("test-worker");
  }
}
