package dev.mayfly.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.JobId;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.AttemptReport;
import dev.mayfly.api.worker.v1.Faulted;
import dev.mayfly.api.worker.v1.Finished;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.placement.Explanation;
import dev.mayfly.core.placement.ExplanationStore;
import dev.mayfly.server.TestOrchestrator;
import dev.mayfly.server.workers.FakeWorker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What REST says about placement, attempts, workers and quotas. */
class EngineRestIT {
  private static final Duration WAIT = Duration.ofSeconds(20);

  private final TestOrchestrator orchestrator = TestOrchestrator.shared();
  private final Api api = new Api(orchestrator);

  @AfterEach
  void cancelAll() {
    api.get("/api/v1/jobs?state=QUEUED&limit=200")
        .json()
        .get("items")
        .forEach(job -> api.post("/api/v1/jobs/" + job.get("id").asString() + "/cancel", ""));
  }

  /** A job that no worker of these tests can take. */
  private JsonNode unplaceable(String members) {
    api.publish("debian:12");
    Api.Answer answer =
        api.post(
            "/api/v1/jobs",
            "{\"image\":\"debian:12\",\"labels\":[\"nowhere\",\"mayfly-4cpu-8gb\"]"
                + members
                + "}");
    assertThat(answer.status()).as(answer.body()).isEqualTo(201);
    assertThat(answer.body()).doesNotContain("hush");
    return answer.json();
  }

  @Test
  void everyMemberOfARequestIsShownButNoSecret() {
    JsonNode job =
        unplaceable(
            """
            ,"command":["x"],"secrets":{"TOKEN":"hush!"},"project":"ci","priority":"HIGH",
             "queueTimeoutSeconds":77,"maxAttempts":4,"logLimitBytes":2048\
            """);
    JsonNode read = api.job(job.get("id").asString());
    assertThat(read.get("workload").asString()).isEqualTo("BATCH");
    assertThat(read.get("project").asString()).isEqualTo("ci");
    assertThat(read.get("priority").asString()).isEqualTo("HIGH");
    assertThat(read.get("labels").toString()).isEqualTo("[\"nowhere\"]");
    assertThat(read.get("architecture").asString()).isEqualTo("x86_64");
    assertThat(read.get("shape").toString())
        .isEqualTo("{\"cpus\":4,\"memoryMib\":8192,\"scratchMib\":2048}");
    assertThat(read.get("queueTimeoutSeconds").asInt()).isEqualTo(77);
    assertThat(read.get("maxAttempts").asInt()).isEqualTo(4);
    assertThat(read.get("logLimitBytes").asInt()).isEqualTo(2048);
    assertThat(read.get("queuedSince")).isEqualTo(read.get("submittedAt"));
    assertThat(read.has("notBefore")).isFalse();
    assertThat(read.has("sessionUntil")).isFalse();
    assertThat(read.get("faults").asInt()).isZero();
  }

  @Test
  void aSessionSaysHowLongItsFrontEndHas() {
    JsonNode job = unplaceable(",\"session\":{\"leaseSeconds\":3600}");
    assertThat(job.get("workload").asString()).isEqualTo("SESSION");
    assertThat(job.get("command").size()).isZero();
    assertThat(Instant.parse(job.get("sessionUntil").asString()))
        .isEqualTo(Instant.parse(job.get("submittedAt").asString()).plusSeconds(3600));
  }

  @Test
  void aWaitingJobIsExplainedAndTheListSaysItInOneLine() {
    String first = unplaceable(",\"command\":[\"x\"],\"project\":\"told\"").get("id").asString();
    String second = unplaceable(",\"command\":[\"x\"],\"project\":\"told\"").get("id").asString();
    JobStore jobs = orchestrator.bean(JobStore.class);
    String key = jobs.find(JobId.parse(second)).orElseThrow().spec().demand().key();
    ExplanationStore explanations = orchestrator.bean(ExplanationStore.class);
    Instant at = Instant.parse("2026-11-22T00:00:00Z");
    Explanation told =
        new Explanation(
            at,
            true,
            List.of(
                new Explanation.Reason(
                    Explanation.Rule.TOO_SMALL, Optional.of("a"), 1, "has 2 CPUs, needs 4"),
                new Explanation.Reason(
                    Explanation.Rule.LABEL_MISSING, Optional.empty(), 3, "lack nowhere")));
    // The reconciler writes its own in between; what was read was one of the two.
    await()
        .atMost(WAIT)
        .untilAsserted(() -> {
          explanations.replace(Map.of(key, told));
          JsonNode explanation = api.get("/api/v1/jobs/" + second + "/explanation").json();
          assertThat(explanation.get("asOf").asString()).isEqualTo("2026-11-22T00:00:00.000000Z");
          assertThat(explanation.get("impossible").asBoolean()).isTrue();
          assertThat(explanation.get("ahead").asInt()).isEqualTo(1);
          assertThat(explanation.get("reasons").get(0).toString())
              .isEqualTo(
                  "{\"rule\":\"TOO_SMALL\",\"worker\":\"a\",\"workers\":1,\"text\":\"has 2 CPUs,"
                      + " needs 4\"}");
          assertThat(explanation.get("reasons").get(1).has("worker")).isFalse();
          assertThat(explanation.get("text").asString())
              .isEqualTo("can never run: worker a: has 2 CPUs, needs 4 · 3 workers: lack nowhere");
        });
    await()
        .atMost(WAIT)
        .untilAsserted(() -> {
          explanations.replace(Map.of(key, told));
          assertThat(api.job(first).get("waitingBecause").asString())
              .startsWith("can never run: worker a");
        });
  }

  @Test
  void aJobThatDoesNotWaitIsNotExplained() {
    String id = unplaceable(",\"command\":[\"x\"]").get("id").asString();
    api.post("/api/v1/jobs/" + id + "/cancel", "");
    Api.Answer answer = api.get("/api/v1/jobs/" + id + "/explanation");
    assertThat(answer.status()).isEqualTo(409);
    assertThat(answer.json().get("type").asString()).endsWith(":not-waiting");
    assertThat(answer.json().get("detail").asString()).isEqualTo("It is FINISHED.");
    assertThat(api.job(id).get("endRequested").asString()).isEqualTo("CANCEL");
    assertThat(api.get("/api/v1/jobs/" + id + "/attempts").json().get("items").size()).isZero();
    assertThat(api.get("/api/v1/jobs/" + id + "/log?attempt=1").status()).isEqualTo(404);
  }

  @Test
  void aFollowerGoesOnWithTheNextAttemptAndIsToldSo() throws Exception {
    try (FakeWorker worker = join()) {
      String job = submitOnlyFor(worker);
      AttemptRef first = worker.assigned();
      worker.running(first, 1);
      worker.chunk(first, 1, LogStream.LOG_STREAM_STDOUT, utf8("first\n"));
      List<String> lines = new ArrayList<>();
      Thread follower =
          Thread.startVirtualThread(() -> {
            try (var stream = api.follow("/api/v1/jobs/" + job + "/log/events").body()) {
              stream.forEach(lines::add);
            }
          });
      faulted(worker, first, 2, 1);
      await().atMost(WAIT).until(() -> api.job(job).get("faults").asInt() == 1);
      AttemptRef second = worker.assigned();
      assertThat(second.getAttemptNumber()).isEqualTo(2);
      worker.running(second, 1);
      worker.chunk(second, 1, LogStream.LOG_STREAM_STDOUT, utf8("second\n"));
      worker.exited(second, 2, 0, 1);
      assertThat(follower.join(WAIT)).isTrue();
      assertThat(texts(lines))
          .containsExactly(
              "STDOUT first\n",
              "SYSTEM mayfly: attempt 1 ended: VMM_DIED: it was killed; trying again\n",
              "STDOUT second\n");
      assertThat(lines).contains("event: end");
      attemptsAreListed(job, worker.name());
      eachAttemptHasItsLog(job);
    }
  }

  private void attemptsAreListed(String job, String worker) {
    JsonNode attempts = api.get("/api/v1/jobs/" + job + "/attempts").json().get("items");
    assertThat(attempts.size()).isEqualTo(2);
    JsonNode first = attempts.get(0);
    assertThat(first.get("number").asInt()).isEqualTo(1);
    assertThat(first.get("worker").asString()).isEqualTo(worker);
    assertThat(first.get("state").asString()).isEqualTo("FINISHED");
    assertThat(first.get("refused").asBoolean()).isFalse();
    assertThat(first.get("outcome").get("faultCode").asString()).isEqualTo("VMM_DIED");
    assertThat(first.get("logBytes").asInt()).isEqualTo(6);
    assertThat(first.get("phases").get(0).get("phase").asString()).isEqualTo("PLACED");
    assertThat(attempts.get(1).get("outcome").get("exitCode").asInt()).isZero();
    JsonNode view = api.job(job);
    assertThat(view.get("attempts").asInt()).isEqualTo(2);
    assertThat(view.get("faults").asInt()).isEqualTo(1);
  }

  private void eachAttemptHasItsLog(String job) {
    String log = "/api/v1/jobs/" + job + "/log";
    Api.Answer one = api.get(log + "?attempt=1");
    assertThat(one.body()).isEqualTo("first\n");
    assertThat(one.header("Mayfly-Log-Complete")).isEqualTo("true");
    assertThat(api.get(log + "?attempt=2").body()).isEqualTo("second\n");
    assertThat(api.get(log).body()).isEqualTo("second\n");
    assertThat(api.get(log + "?attempt=3").status()).isEqualTo(404);
    assertThat(api.get(log + "?attempt=0").status()).isEqualTo(404);
    assertThat(api.get(log + "?attempt=2&cursor=1-1-0").status()).isEqualTo(400);
    Api.Answer on = api.get(log + "?cursor=1-1-0");
    assertThat(on.body()).isEqualTo("first\n");
    assertThat(on.header("Mayfly-Log-Complete")).isEqualTo("false");
    assertThat(api.get(log + "?cursor=" + on.header("Mayfly-Next-Cursor")).body())
        .isEqualTo("second\n");
    try (var lines = api.follow(log + "/events?attempt=1").body()) {
      assertThat(texts(lines.toList())).containsExactly("STDOUT first\n");
    }
  }

  @Test
  void aWorkerIsLookedAtDrainedQuarantinedAndResumed() {
    try (FakeWorker worker = join()) {
      String path = "/api/v1/workers/" + worker.name();
      Api.Answer answer = api.get(path);
      assertThat(answer.status()).as(answer.body()).isEqualTo(200);
      JsonNode seen = answer.json();
      assertThat(seen.get("duty").asString()).isEqualTo("ACCEPTING");
      assertThat(seen.has("dutySince")).isFalse();
      assertThat(seen.get("pool").asString()).isEqualTo("default");
      assertThat(seen.get("labels").toString())
          .isEqualTo("[\"only=" + worker.name() + "\",\"pool=default\"]");
      assertThat(api.get("/api/v1/workers/" + seen.get("id").asString()).json().get("name"))
          .isEqualTo(seen.get("name"));
      JsonNode drained = api.post(path + "/drain", "").json();
      assertThat(drained.get("duty").asString()).isEqualTo("DRAINING");
      assertThat(api.post(path + "/drain", "").json().get("dutySince"))
          .isEqualTo(drained.get("dutySince"));
      String job = submitOnlyFor(worker);
      JsonNode sick = api.post(path + "/quarantine", "{\"reason\":\" bad disk \"}").json();
      assertThat(sick.get("duty").asString()).isEqualTo("QUARANTINED");
      assertThat(sick.get("dutyReason").asString()).isEqualTo("bad disk");
      assertThat(api.post(path + "/drain", "").json().get("duty").asString())
          .isEqualTo("QUARANTINED");
      assertThat(api.job(job).get("state").asString()).isEqualTo("QUEUED");
      assertThat(api.post(path + "/resume", "").json().get("duty").asString())
          .isEqualTo("ACCEPTING");
      assertThat(worker.assigned().getJobId()).isEqualTo(job);
      assertThat(api.post("/api/v1/workers/nobody/drain", "").status()).isEqualTo(404);
      assertThat(api.post(path + "/quarantine", "{}").errorFields()).containsExactly("reason");
      assertThat(api.post(path + "/quarantine", "{\"reason\":\"a\\nb\"}").status()).isEqualTo(422);
    }
  }

  @Test
  void aProjectThatNobodyConfiguredHasWeightOneAndNoCap() {
    assertThat(api.get("/api/v1/projects/nobodys").body())
        .isEqualTo(
            "{\"name\":\"nobodys\",\"weight\":1,\"activeJobs\":0,\"reserved\":{\"cpus\":0,"
                + "\"memoryMib\":0,\"scratchMib\":0}}");
    JsonNode set = api.put("/api/v1/projects/team-a", "{\"weight\":5,\"maxActiveJobs\":7}").json();
    assertThat(set.get("maxActiveJobs").asInt()).isEqualTo(7);
    assertThat(api.get("/api/v1/projects/team-a").json()).isEqualTo(set);
    assertThat(api.get("/api/v1/projects").json().get("items").valueStream()).contains(set);
    assertThat(api.put("/api/v1/projects/team-a", "{}").json().has("maxActiveJobs")).isFalse();
  }

  @Test
  void limitsAndPoolsAreKept() {
    JsonNode limits = api.put("/api/v1/limits", "{\"maxActiveJobs\":500}").json();
    assertThat(limits.get("maxActiveJobs").asInt()).isEqualTo(500);
    assertThat(api.get("/api/v1/limits").json().get("maxActiveJobs").asInt()).isEqualTo(500);
    assertThat(api.put("/api/v1/limits", "{}").json().has("maxActiveJobs")).isFalse();
    assertThat(api.get("/api/v1/worker-pools/other").json().get("strategy").asString())
        .isEqualTo("SPREAD");
    api.put("/api/v1/worker-pools/fast", "{\"strategy\":\"PACK\"}");
    assertThat(api.get("/api/v1/worker-pools").body())
        .contains("{\"name\":\"fast\",\"strategy\":\"PACK\",\"workers\":[]}");
  }

  @ParameterizedTest(name = "{0} with {1} is refused with {2}, naming {3}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          projects/x     | {"weight":0}             | 422 | weight
          projects/x     | {"weight":1001}          | 422 | weight
          projects/x     | {"maxActiveJobs":-1}     | 422 | maxActiveJobs
          projects/x     | {"cap":1}                | 400 | cap
          projects/X     | {}                       | 400 | name
          limits         | {"maxActiveJobs":1000001} | 422 | maxActiveJobs
          limits         | {"weight":1}             | 400 | weight
          worker-pools/x | {}                       | 422 | strategy
          worker-pools/x | {"strategy":"pack"}      | 422 | strategy
          worker-pools/X | {"strategy":"PACK"}      | 400 | name
          """)
  void aWrongChangeIsRefusedByField(String path, String body, int status, String field) {
    Api.Answer answer = api.put("/api/v1/" + path, body);
    assertThat(answer.status()).as(answer.body()).isEqualTo(status);
    assertThat(answer.errorFields()).containsExactly(field);
  }

  private FakeWorker join() {
    cancelAll();
    FakeWorker worker = new FakeWorker(orchestrator, UUID.randomUUID(), orchestrator.workerToken());
    worker.send(
        WorkerMessage.newBuilder()
            .setRegister(worker.registration().addLabels("only=" + worker.name()))
            .build());
    worker.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
    worker.heartbeat();
    // Registered is sent before the worker is stored.
    await()
        .untilAsserted(
            () -> assertThat(api.get("/api/v1/workers/" + worker.name()).status()).isEqualTo(200));
    return worker;
  }

  /** A job that no worker of another test gets. */
  private String submitOnlyFor(FakeWorker worker) {
    api.publish("debian:12");
    return api.post(
            "/api/v1/jobs",
            "{\"image\":\"debian:12\",\"command\":[\"true\"],\"labels\":[\"only="
                + worker.name()
                + "\"]}")
        .json()
        .get("id")
        .asString();
  }

  private static void faulted(FakeWorker worker, AttemptRef attempt, long number, long chunks) {
    worker.send(
        WorkerMessage.newBuilder()
            .setReport(
                AttemptReport.newBuilder()
                    .setAttempt(attempt)
                    .setReportNumber(number)
                    .setFinished(
                        Finished.newBuilder()
                            .setLogChunks(chunks)
                            .setFaulted(
                                Faulted.newBuilder()
                                    .setCode("VMM_DIED")
                                    .setDetail("it was killed"))))
            .build());
  }

  /** Stream and text of every log event. */
  private static List<String> texts(List<String> lines) {
    return lines.stream()
        .filter(line -> line.startsWith("data: ") && line.contains("\"cursor\""))
        .map(line -> JsonMapper.shared().readTree(line.substring("data: ".length())))
        .map(event ->
            event.get("stream").asString()
                + " "
                + new String(
                    Base64.getDecoder().decode(event.get("data").asString()),
                    StandardCharsets.UTF_8))
        .toList();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
