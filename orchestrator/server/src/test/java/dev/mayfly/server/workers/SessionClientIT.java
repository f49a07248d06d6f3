package dev.mayfly.server.workers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.ExecRequest;
import dev.mayfly.api.rest.ExecView;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.api.rest.SessionRequest;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.client.BaseUrl;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyProblem;
import dev.mayfly.client.RemoteExec;
import dev.mayfly.client.Session;
import dev.mayfly.client.Submission;
import dev.mayfly.client.Timeouts;
import dev.mayfly.server.TestOrchestrator;
import dev.mayfly.server.http.Api;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The client's sessions against a real orchestrator, with a worker by hand. */
class SessionClientIT {
  private static final int SHORTEST_LEASE = SessionRequest.MIN_LEASE_SECONDS;

  private final TestOrchestrator orchestrator = TestOrchestrator.shared();
  private final Api api = new Api(orchestrator);
  private final UUID id = UUID.randomUUID();
  private final MayflyClient client =
      new MayflyClient(
          BaseUrl.parse(orchestrator.uri("").toString()), orchestrator::apiToken, Timeouts.DEFAULT);
  private FakeSession worker;
  private Session session;

  @BeforeEach
  void openSession() throws Exception {
    FakeWorker fake = FakeWorker.register(orchestrator, id, List.of());
    fake.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
    api.publish("debian:12");
    Submission submission = client.submit(request());
    session = client.session(JobId.parse(((Submission.Accepted) submission).job().id()));
    worker = FakeSession.ready(fake);
  }

  private static JobRequest request() {
    return new JobRequest(
        "debian:12",
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        new SessionRequest(60, SHORTEST_LEASE),
        null,
        null,
        null,
        null,
        null,
        null);
  }

  @AfterEach
  void end() throws Exception {
    session.close();
    client.cancel(session.id());
    worker.close();
    SessionIT.awaitGone(api, id);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void aCommandReadsWritesAndEndsWithItsExitCode() throws Exception {
    RemoteExec exec = session.open(ExecRequest.of("cat").withStdin());
    worker.start();
    byte[] input = new byte[3 * 1024 * 1024];
    new Random(5).nextBytes(input);
    CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> worker.drain(1));
    try (OutputStream stdin = exec.stdin()) {
      stdin.write(input);
    }
    assertThat(read.get(20, TimeUnit.SECONDS)).isEqualTo(input);
    worker.started(1);
    worker.output(1, LogStream.LOG_STREAM_STDOUT, bytes("out"));
    worker.exited(1, 3);
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    ExecView ended =
        exec.follow(piece -> {
          output.writeBytes(piece.bytes());
          return true;
        });
    assertThat(output).hasToString("out");
    OutcomeView outcome = Objects.requireNonNull(ended.outcome());
    assertThat(outcome.exitCode()).isEqualTo(3);
    assertThat(exec.await()).isEqualTo(ended);
    try (OutputStream late = exec.stdin()) {
      assertThatThrownBy(() -> late.write(1)).isInstanceOf(MayflyProblem.class);
    }
  }

  @Test
  void aSignalReachesTheExec() throws Exception {
    RemoteExec exec = session.open(ExecRequest.of("sleep", "9"));
    worker.start();
    exec.signal("INT", true);
    assertThat(worker.signal().getSignal()).isEqualTo(2);
  }

  @Test
  void filesGoInAndComeOut() throws Exception {
    byte[] tar = new byte[1_500_000];
    new Random(6).nextBytes(tar);
    CompletableFuture<byte[]> taken =
        CompletableFuture.supplyAsync(() -> {
          worker.start();
          byte[] all = worker.drain(1);
          worker.exited(1, 0);
          return all;
        });
    session.upload("/work", new ByteArrayInputStream(tar));
    assertThat(taken.get(20, TimeUnit.SECONDS)).isEqualTo(tar);
    CompletableFuture<Void> packed =
        CompletableFuture.runAsync(() -> {
          worker.start();
          worker.output(2, LogStream.LOG_STREAM_FILE, bytes("packed"));
          worker.exited(2, 0);
        });
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    session.download("/work", out);
    packed.get(20, TimeUnit.SECONDS);
    assertThat(out).hasToString("packed");
  }

  @Test
  void aRefusedUploadSaysWhy() {
    CompletableFuture<Void> refused =
        CompletableFuture.runAsync(() -> {
          worker.start();
          worker.faulted(1, "TRANSFER_FAILED", "It is no tar stream.");
        });
    assertThatThrownBy(() -> session.upload("/work", new ByteArrayInputStream(bytes("x"))))
        .isInstanceOf(MayflyProblem.class)
        .hasMessageContaining("It is no tar stream.");
    refused.join();
  }

  @Test
  void anOpenSessionIsRenewedAndAReleasedOneEndsWithItsExitCode() throws Exception {
    // Longer than a lease lasts without being renewed.
    Thread.sleep((SHORTEST_LEASE + 2) * 1000L);
    assertThat(client.job(session.id()).orElseThrow().state()).isEqualTo("ACTIVE");
    session.release(7);
    worker.worker().next(OrchestratorMessage::hasEndAttempt, OrchestratorMessage::getEndAttempt);
    worker.finished(7);
    OutcomeView outcome = Objects.requireNonNull(session.awaitEnd().orElseThrow().outcome());
    assertThat(outcome.exitCode()).isEqualTo(7);
    assertThatThrownBy(() -> session.open(ExecRequest.of("true")))
        .isInstanceOf(MayflyProblem.class)
        .hasMessageContaining("ended");
  }
}
