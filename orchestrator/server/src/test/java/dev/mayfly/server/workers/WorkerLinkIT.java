package dev.mayfly.server.workers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.JobId;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.Leaving;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.Refusal;
import dev.mayfly.api.worker.v1.Register;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.placement.Explanation;
import dev.mayfly.core.placement.ExplanationStore;
import dev.mayfly.server.TestOrchestrator;
import dev.mayfly.server.http.Api;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** What a worker says of itself and of its attempts. */
class WorkerLinkIT extends WorkerFixture {

  @Test
  void aJobGoesItsWholeWay() {
    try (FakeWorker worker = join()) {
      String job = api.submit("debian:12");
      var assignment =
          worker.next(OrchestratorMessage::hasAssignment, OrchestratorMessage::getAssignment);
      AttemptRef attempt = assignment.getAttempt();
      assertThat(attempt.getJobId()).isEqualTo(job);
      assertThat(assignment.getCommandList()).containsExactly("true");
      assertThat(assignment.getEnvironment(0).getValue()).isEqualTo("secret");
      assertThat(assignment.getWorkingDirectory()).as("that of the image").isEmpty();
      assertThat(assignment.getBundleDigest()).isEqualTo(Api.BUNDLE);
      assertThat(assignment.getTimeoutSeconds()).isEqualTo(3600);
      worker.running(attempt, 1);
      worker.next(OrchestratorMessage::hasReportAck, OrchestratorMessage::getReportAck);
      assertThat(api.job(job).get("state").asString()).isEqualTo("ACTIVE");
      assertThat(api.job(job).get("vmm").asString()).isEqualTo("qemu 7.2 tcg");
      assertThat(api.job(job).get("worker").asString()).isEqualTo(worker.name());
      worker.chunk(attempt, 1, LogStream.LOG_STREAM_STDOUT, bytes("out\n"));
      worker.chunk(attempt, 2, LogStream.LOG_STREAM_STDERR, bytes("err\n"));
      worker.chunk(attempt, 3, LogStream.LOG_STREAM_CONSOLE, bytes("console\n"));
      worker.exited(attempt, 2, 3, 3);
      worker.exited(attempt, 2, 4, 3);
      JsonNode view = finished(job);
      assertThat(view.get("outcome").toString()).isEqualTo("{\"kind\":\"EXITED\",\"exitCode\":3}");
      assertThat(view.get("peakMemoryKib").asInt()).isEqualTo(77);
      assertThat(view.get("logBytes").asInt()).isEqualTo(16);
      assertThat(view.get("phases").valueStream().map(phase -> phase.get("phase").asString()))
          .containsExactly("QUEUED", "PLACED", "PREPARED", "BOOTED", "DESTROYED");
      assertThat(api.get("/api/v1/jobs/" + job + "/log").body()).isEqualTo("out\nerr\n");
      assertThat(api.get("/api/v1/jobs/" + job + "/log?stream=CONSOLE").body())
          .isEqualTo("console\n");
      assertThat(api.get("/api/v1/jobs?worker=" + worker.name()).json().get("items").size())
          .isEqualTo(1);
    }
  }

  @Test
  void whatIsSaidUnderAnOldEpochIsRefusedButAcknowledged() {
    try (FakeWorker worker = join()) {
      String job = api.submit("debian:12");
      AttemptRef attempt = worker.assigned();
      AttemptRef old = attempt.toBuilder().setLeaseEpoch(9).build();
      worker.chunk(old, 1, LogStream.LOG_STREAM_STDOUT, bytes("old"));
      assertThat(acknowledged(worker)).isEqualTo(1);
      worker.exited(old, 1, 5, 1);
      assertThat(
              worker
                  .next(OrchestratorMessage::hasReportAck, OrchestratorMessage::getReportAck)
                  .getReportNumber())
          .isEqualTo(1);
      worker.heartbeat(old);
      var reply =
          worker.next(
              OrchestratorMessage::hasHeartbeatReply, OrchestratorMessage::getHeartbeatReply);
      assertThat(reply.getEndAttemptsList()).containsExactly(old);
      assertThat(api.job(job).get("state").asString()).isEqualTo("ACTIVE");
      assertThat(api.get("/api/v1/jobs/" + job + "/log").body()).isEmpty();
      worker.exited(attempt, 1, 0, 0);
      finished(job);
    }
  }

  @Test
  void anotherWorkerCannotSpeakForAnAttempt() {
    try (FakeWorker worker = join()) {
      String job = api.submit("debian:12");
      AttemptRef attempt = worker.assigned();
      try (FakeWorker thief =
          FakeWorker.register(orchestrator, UUID.randomUUID(), List.of(attempt))) {
        assertThat(
                thief
                    .next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered)
                    .getEndAttemptsList())
            .containsExactly(attempt);
        thief.chunk(attempt, 1, LogStream.LOG_STREAM_STDOUT, bytes("forged"));
        acknowledged(thief);
        thief.exited(attempt, 1, 0, 1);
        thief.next(OrchestratorMessage::hasReportAck, OrchestratorMessage::getReportAck);
      }
      assertThat(api.job(job).get("state").asString()).isEqualTo("ACTIVE");
      assertThat(api.job(job).get("logBytes").asInt()).isZero();
      worker.exited(attempt, 1, 0, 0);
      finished(job);
    }
  }

  @Test
  void aCancelledJobIsEndedByItsWorker() {
    try (FakeWorker worker = join()) {
      String job = api.submit("debian:12");
      AttemptRef attempt = worker.assigned();
      worker.running(attempt, 1);
      assertThat(api.post("/api/v1/jobs/" + job + "/cancel", "").status()).isEqualTo(202);
      var end = worker.next(OrchestratorMessage::hasEndAttempt, OrchestratorMessage::getEndAttempt);
      assertThat(end.getAttempt()).isEqualTo(attempt);
      assertThat(api.job(job).get("cancelRequested").asBoolean()).isTrue();
      worker.send(
          WorkerMessage.newBuilder()
              .setReport(
                  dev.mayfly.api.worker.v1.AttemptReport.newBuilder()
                      .setAttempt(attempt)
                      .setReportNumber(2)
                      .setFinished(
                          dev.mayfly.api.worker.v1.Finished.newBuilder()
                              .setCancelled(
                                  dev.mayfly.api.worker.v1.Cancelled.getDefaultInstance())))
              .build());
      assertThat(finished(job).get("outcome").get("kind").asString()).isEqualTo("CANCELLED");
    }
  }

  @Test
  void aRefusalEndsTheAttemptWithItsReason() {
    try (FakeWorker worker = join()) {
      String job = api.submit("debian:12");
      AttemptRef attempt = worker.assigned();
      worker.send(
          WorkerMessage.newBuilder()
              .setRefusal(
                  Refusal.newBuilder()
                      .setAttempt(attempt)
                      .setFaultCode("BUNDLE_BROKEN")
                      .setReason("The digest is wrong."))
              .build());
      assertThat(endOfFirstAttempt(job))
          .isEqualTo(new Outcome.Faulted(FaultCode.BUNDLE_BROKEN, "The digest is wrong."));
      // It never started, so the job waits for another try.
      assertThat(worker.assigned().getAttemptNumber()).isEqualTo(2);
      api.post("/api/v1/jobs/" + job + "/cancel", "");
    }
  }

  @Test
  void aWorkerThatVanishesLosesItsJob() {
    String job;
    try (FakeWorker worker = join()) {
      job = api.submit("debian:12");
      worker.running(worker.assigned(), 1);
      worker.next(OrchestratorMessage::hasReportAck, OrchestratorMessage::getReportAck);
      worker.vanish();
    }
    await().atMost(WAIT).until(() -> state(id).equals("SILENT"));
    assertLost(job);
  }

  /** A lost attempt is not the end of its job, but this test's. */
  private void assertLost(String job) {
    assertThat(endOfFirstAttempt(job))
        .isInstanceOfSatisfying(
            Outcome.Faulted.class,
            fault -> assertThat(fault.code()).isEqualTo(FaultCode.WORKER_LOST));
    api.post("/api/v1/jobs/" + job + "/cancel", "");
  }

  private Outcome endOfFirstAttempt(String job) {
    JobStore jobs = orchestrator.bean(JobStore.class);
    return await()
        .atMost(WAIT)
        .until(
            () ->
                jobs.attempts(JobId.parse(job)).stream()
                    .limit(1)
                    .filter(attempt -> attempt.state() instanceof AttemptState.Finished)
                    .map(attempt -> ((AttemptState.Finished) attempt.state()).outcome())
                    .findFirst(),
            Optional::isPresent)
        .orElseThrow();
  }

  private String state(UUID worker) {
    return api.get("/api/v1/workers")
        .json()
        .get("items")
        .valueStream()
        .filter(view -> view.get("id").asString().equals(worker.toString()))
        .map(view -> view.get("state").asString())
        .findFirst()
        .orElse("");
  }

  @Test
  void aWorkerThatComesBackKeepsItsJob() {
    String job;
    AttemptRef attempt;
    try (FakeWorker worker = join()) {
      job = api.submit("debian:12");
      attempt = worker.assigned();
      worker.running(attempt, 1);
      worker.chunk(attempt, 1, LogStream.LOG_STREAM_STDOUT, bytes("before "));
      acknowledged(worker);
      worker.vanish();
    }
    try (FakeWorker again = FakeWorker.register(orchestrator, id, List.of(attempt))) {
      assertThat(
              again
                  .next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered)
                  .getEndAttemptsList())
          .isEmpty();
      for (int i = 0; i < 6; i++) {
        again.heartbeat(attempt);
        var reply =
            again.next(
                OrchestratorMessage::hasHeartbeatReply, OrchestratorMessage::getHeartbeatReply);
        assertThat(reply.getRenewedList()).containsExactly(attempt);
        pause();
      }
      again.chunk(attempt, 2, LogStream.LOG_STREAM_STDOUT, bytes("after"));
      again.exited(attempt, 2, 0, 2);
      assertThat(finished(job).get("outcome").get("exitCode").asInt()).isZero();
      assertThat(api.get("/api/v1/jobs/" + job + "/log").body()).isEqualTo("before after");
    }
  }

  /** Longer in all than a lease lasts. */
  private static void pause() {
    try {
      Thread.sleep(TestOrchestrator.SHORT_LEASES.heartbeatInterval());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aWorkerThatComesBackWithoutTheAttemptLosesItAfterAGrace() {
    String job;
    try (FakeWorker worker = join()) {
      job = api.submit("debian:12");
      worker.running(worker.assigned(), 1);
      worker.next(OrchestratorMessage::hasReportAck, OrchestratorMessage::getReportAck);
    }
    try (FakeWorker again = FakeWorker.register(orchestrator, id, List.of())) {
      again.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
      assertLost(job);
    }
  }

  @Test
  void aSecondConnectionReplacesTheFirst() {
    try (FakeWorker first = join();
        FakeWorker second = FakeWorker.register(orchestrator, id, List.of())) {
      second.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
      assertThat(first.end().getCode()).isEqualTo(Status.Code.ABORTED);
      second.heartbeat();
      second.next(OrchestratorMessage::hasHeartbeatReply, OrchestratorMessage::getHeartbeatReply);
      assertThat(state(id)).isEqualTo("ONLINE");
    }
  }

  @Test
  void aWorkerThatLeavesHasLeft() {
    try (FakeWorker worker = join()) {
      worker.send(
          WorkerMessage.newBuilder().setLeaving(Leaving.newBuilder().setReason("stopped")).build());
      await().atMost(WAIT).until(() -> state(id).equals("LEFT"));
    }
    await().during(Duration.ofMillis(500)).atMost(WAIT).until(() -> state(id).equals("LEFT"));
  }

  @Test
  void aWrongTokenIsRefused() {
    for (String token : List.of("mfw_wrong", orchestrator.apiToken())) {
      try (FakeWorker worker = new FakeWorker(orchestrator, id, token)) {
        assertThat(worker.end().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
      }
    }
  }

  @ParameterizedTest(name = "a registration with a wrong {0} is refused")
  @CsvSource({
    "protocol_version, FAILED_PRECONDITION",
    "worker_id, INVALID_ARGUMENT",
    "name, INVALID_ARGUMENT",
    "architecture, INVALID_ARGUMENT",
    "bundle_digests, INVALID_ARGUMENT",
    "attempt, INVALID_ARGUMENT",
    "register, INVALID_ARGUMENT",
  })
  void aWrongRegistrationIsRefusedByField(String field, Status.Code code) {
    try (FakeWorker worker = new FakeWorker(orchestrator, id, orchestrator.workerToken())) {
      Register.Builder register = worker.registration();
      switch (field) {
        case "protocol_version" -> register.setProtocolVersion(1);
        case "worker_id" -> register.setWorkerId("x");
        case "name" -> register.setName("Not a name");
        case "architecture" -> register.setArchitecture("mips");
        case "bundle_digests" -> register.addBundleDigests("sha256:x");
        case "attempt" ->
            register.addRunningAttempts(
                AttemptRef.newBuilder().setJobId(UUID.randomUUID().toString()));
        default -> worker.heartbeat();
      }
      if (!field.equals("register")) {
        worker.send(WorkerMessage.newBuilder().setRegister(register).build());
      }
      assertThat(worker.end().getCode()).isEqualTo(code);
      assertThat(worker.end().getDescription()).startsWith(field);
    }
  }

  private List<Explanation.Rule> explained(String job) {
    String demand =
        orchestrator
            .bean(JobStore.class)
            .find(JobId.parse(job))
            .orElseThrow()
            .spec()
            .demand()
            .key();
    Explanation explanation =
        orchestrator.bean(ExplanationStore.class).find(List.of(demand)).get(demand);
    return explanation == null
        ? List.of()
        : explanation.reasons().stream().map(Explanation.Reason::rule).toList();
  }

  @Test
  void twoJobsRunAtOnceAndAThirdWaitsWithAnExplanation() {
    try (FakeWorker worker = join()) {
      List<String> jobs =
          List.of(api.submit("debian:12"), api.submit("debian:12"), api.submit("debian:12"));
      AttemptRef first = worker.assigned();
      AttemptRef second = worker.assigned();
      assertThat(List.of(first.getJobId(), second.getJobId()))
          .containsExactly(jobs.get(0), jobs.get(1));
      await().atMost(WAIT).until(() -> explained(jobs.get(2)).contains(Explanation.Rule.BUSY));
      worker.exited(first, 1, 0, 0);
      assertThat(worker.assigned().getJobId()).isEqualTo(jobs.get(2));
      worker.exited(second, 1, 0, 0);
      finished(jobs.get(1));
      api.post("/api/v1/jobs/" + jobs.get(2) + "/cancel", "");
    }
  }
}
