package dev.mayfly.worker.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.EnvironmentVariable;
import dev.mayfly.api.worker.v1.ExecInput;
import dev.mayfly.api.worker.v1.ExecInputAck;
import dev.mayfly.api.worker.v1.ExecKind;
import dev.mayfly.api.worker.v1.ExecSignal;
import dev.mayfly.api.worker.v1.ExecStart;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.Registered;
import dev.mayfly.api.worker.v1.WorkerMessage.MessageCase;
import dev.mayfly.worker.core.attempt.Attempts;
import dev.mayfly.worker.core.attempt.Outbox;
import dev.mayfly.worker.core.attempt.ScriptedHost;
import dev.mayfly.worker.core.exec.InputCredit;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.InMemoryLogSpool;
import dev.mayfly.worker.core.log.Secrets;
import dev.mayfly.worker.core.slot.HostCapacity;
import dev.mayfly.worker.core.slot.SlotLedger;
import dev.mayfly.worker.core.time.ManualTimers;
import dev.mayfly.worker.daemon.builds.ImageBuilds;
import dev.mayfly.worker.daemon.link.FakeOrchestrator.Connection;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ExecLinkTest {
  private static final String JOB = "0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b";
  private static final AttemptLease LEASE = AttemptLease.parse(JOB + ".1.2");
  private static final AttemptRef REF =
      AttemptRef.newBuilder().setJobId(JOB).setAttemptNumber(1).setLeaseEpoch(2).build();

  private final ManualTimers timers = new ManualTimers();
  private final ScriptedHost host = new ScriptedHost();
  private final RecordingImages images = new RecordingImages();
  private final Nudge nudge = new Nudge();
  private final Outbox outbox = new Outbox(nudge::give);
  private final RecordingExecCommands execs = new RecordingExecCommands();
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
    var attempts =
        new Attempts(
            host.ports(timers),
            new SlotLedger(new HostCapacity(2, 1024, 4096)),
            new InMemoryLogSpool(),
            outbox,
            nudge::give);
    var quiet = new Quiet();
    link =
        new WorkerLinkClient(
            new LinkPorts(
                orchestrator::dial,
                () -> FakeOrchestrator.TOKEN,
                quiet,
                attempts,
                execs,
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
                new java.util.TreeSet<>(),
                dev.mayfly.api.WorkerPoolName.DEFAULT),
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
    assertThat(link.close(Duration.ofSeconds(20))).isTrue();
    orchestrator.close();
  }

  private Connection registered() throws InterruptedException {
    Connection connection = null;
    while (connection == null) {
      timers.advance(Duration.ofMillis(200));
      connection = orchestrator.connections().poll(20, TimeUnit.MILLISECONDS);
    }
    connection.await(MessageCase.REGISTER);
    connection.send(
        OrchestratorMessage.newBuilder()
            .setRegistered(Registered.newBuilder().setHeartbeatSeconds(10).setLeaseSeconds(3600)));
    return connection;
  }

  private static OrchestratorMessage.Builder start(ExecStart.Builder start) {
    return OrchestratorMessage.newBuilder().setExecStart(start.setAttempt(REF));
  }

  private static ExecInputAck acknowledged(Connection connection) throws InterruptedException {
    return connection.await(MessageCase.EXEC_INPUT_ACK).getExecInputAck();
  }

  @Test
  void anExecArrivesAsItWasAskedFor() throws Exception {
    registered()
        .send(
            start(
                ExecStart.newBuilder()
                    .setExecNumber(3)
                    .setKind(ExecKind.EXEC_KIND_COMMAND)
                    .addAllCommand(List.of("make", "test"))
                    .addEnvironment(EnvironmentVariable.newBuilder().setName("A").setValue("b=c"))
                    .setWorkingDirectory("/work")
                    .setUser("me")
                    .setStdinOpen(true)
                    .setTimeoutSeconds(60)
                    .addSecrets("hunter22")));
    var request = execs.awaitRequest();
    assertThat(request.number()).isEqualTo(3);
    assertThat(request.kind()).isEqualTo(dev.mayfly.worker.core.exec.ExecKind.COMMAND);
    assertThat(request.command()).containsExactly("make", "test");
    assertThat(request.environment()).containsExactly("A=b=c");
    assertThat(request.workingDirectory()).isEqualTo("/work");
    assertThat(request.user()).isEqualTo("me");
    assertThat(request.stdinOpen()).isTrue();
    assertThat(request.timeout()).isEqualTo(Duration.ofMinutes(1));
    assertThat(request.secrets()).isEqualTo(Secrets.of(List.of("hunter22")));
  }

  @Test
  void transfersArriveWithTheirPathAndLimit() throws Exception {
    var connection = registered();
    connection.send(
        start(
            ExecStart.newBuilder()
                .setExecNumber(1)
                .setKind(ExecKind.EXEC_KIND_UPLOAD)
                .setPath("/in")
                .setLimitBytes(10)));
    connection.send(
        start(
            ExecStart.newBuilder()
                .setExecNumber(2)
                .setKind(ExecKind.EXEC_KIND_DOWNLOAD)
                .setPath("/out")
                .setLimitBytes(20)));
    var upload = execs.awaitRequest();
    assertThat(upload.path() + " " + upload.limitBytes()).isEqualTo("/in 10");
    assertThat(upload.takesInput()).isTrue();
    var download = execs.awaitRequest();
    assertThat(download.path() + " " + download.limitBytes()).isEqualTo("/out 20");
    assertThat(download.takesInput()).isFalse();
  }

  @Test
  void anExecThatIsNotValidIsRefusedWithAWordWhyAndWithoutItsSecrets() throws Exception {
    var connection = registered();
    connection.send(start(ExecStart.newBuilder().setExecNumber(1)));
    assertThat(execs.awaitAsked())
        .isEqualTo(
            "refuse "
                + LEASE
                + " 1 INTERNAL the exec is not valid: kind of the exec is not known, must be"
                + " COMMAND, UPLOAD or DOWNLOAD");
    connection.send(
        start(
            ExecStart.newBuilder()
                .setExecNumber(2)
                .setKind(ExecKind.EXEC_KIND_COMMAND)
                .addCommand("true")
                .addSecrets("abc")));
    assertThat(execs.awaitAsked()).contains("a secret has 3 bytes").doesNotContain("abc");
  }

  @Test
  void theBatchsNumberAndLeasesThatAreNoneAreNotHeard() throws Exception {
    var connection = registered();
    connection.send(start(ExecStart.newBuilder().setExecNumber(0)));
    connection.send(
        OrchestratorMessage.newBuilder()
            .setExecSignal(ExecSignal.newBuilder().setAttempt(REF).setExecNumber(1)));
    connection.send(
        OrchestratorMessage.newBuilder()
            .setExecSignal(
                ExecSignal.newBuilder()
                    .setAttempt(REF)
                    .setExecNumber(1)
                    .setSignalNumber(1)
                    .setSignal(15)
                    .setEverything(true)));
    assertThat(execs.awaitAsked())
        .isEqualTo("signal " + LEASE + " 1 ExecSignal[request=1, signal=15, everything=true]");
  }

  @Test
  void inputIsPassedOn() throws Exception {
    registered()
        .send(
            OrchestratorMessage.newBuilder()
                .setExecInput(
                    ExecInput.newBuilder()
                        .setAttempt(REF)
                        .setExecNumber(7)
                        .setOffset(5)
                        .setData(ByteString.copyFromUtf8("hello"))
                        .setEnd(true)));
    assertThat(execs.awaitAsked()).isEqualTo("input " + LEASE + " 7 5 hello true");
  }

  @Test
  void eachCreditIsSentOnceAndAgainOnTheNextConnection() throws Exception {
    var first = registered();
    execs.credit(new InputCredit(LEASE, 1, 10, 110), new InputCredit(LEASE, 2, 0, 100));
    nudge.give();
    assertThat(acknowledged(first))
        .isEqualTo(
            ExecInputAck.newBuilder()
                .setAttempt(REF)
                .setExecNumber(1)
                .setOffset(10)
                .setLimit(110)
                .build());
    assertThat(acknowledged(first).getExecNumber()).isEqualTo(2);
    nudge.give();
    execs.credit(new InputCredit(LEASE, 1, 10, 110), new InputCredit(LEASE, 2, 50, 150));
    nudge.give();
    assertThat(acknowledged(first).getOffset()).isEqualTo(50);

    first.fail(Status.UNAVAILABLE);
    var second = registered();
    assertThat(acknowledged(second).getOffset()).isEqualTo(10);
    assertThat(acknowledged(second).getOffset()).isEqualTo(50);
  }
}
