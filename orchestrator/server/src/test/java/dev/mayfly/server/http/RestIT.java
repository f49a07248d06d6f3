package dev.mayfly.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.server.TestOrchestrator;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class RestIT {
  private static final String PROBLEM = "application/problem+json";

  private final TestOrchestrator orchestrator = TestOrchestrator.shared();
  private final Api api = new Api(orchestrator);

  @Test
  void aJobIsReadAsItWasSubmitted() {
    api.publish("debian:12");
    Api.Answer answer =
        api.post(
            "/api/v1/jobs",
            """
            {"image":"debian:12","command":["sh","-c","echo ä"],"environment":{"TOKEN":"secret"},
             "workingDirectory":"/build","user":"1000:1000","network":"NONE","timeoutSeconds":5,
             "shape":{"memoryMib":256}}\
            """);
    assertThat(answer.status()).isEqualTo(201);
    JsonNode job = answer.json();
    String path = answer.header("Location");
    assertThat(path).isEqualTo("/api/v1/jobs/" + job.get("id").asString());
    assertThat(answer.body()).doesNotContain("secret");
    JsonNode read = api.get(path).json();
    assertThat(read.get("state").asString()).isEqualTo("QUEUED");
    assertThat(read.get("command").get(2).asString()).isEqualTo("echo ä");
    assertThat(read.get("workingDirectory").asString()).isEqualTo("/build");
    assertThat(read.get("user").asString()).isEqualTo("1000:1000");
    assertThat(read.get("network").asString()).isEqualTo("NONE");
    assertThat(read.get("timeoutSeconds").asInt()).isEqualTo(5);
    assertThat(read.get("shape").toString())
        .isEqualTo("{\"cpus\":1,\"memoryMib\":256,\"scratchMib\":2048}");
    assertThat(read.get("bundleDigest").asString()).isEqualTo(Api.BUNDLE);
    assertThat(read.get("submittedAt").asString())
        .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z");
    assertThat(read.get("phases").get(0).get("phase").asString()).isEqualTo("QUEUED");
    assertThat(read.has("outcome")).isFalse();
  }

  @ParameterizedTest(name = "{0} is refused with {1}, naming {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"imag":"x"}                                       | 400 | imag
          {"shape":{"cpux":1}}                               | 400 | shape.cpux
          {"shape":{"cpus":"1"}}                             | 400 | shape.cpus
          {"shape":{"cpus":1.5}}                             | 400 | shape.cpus
          {"shape":7}                                        | 400 | shape
          {"timeoutSeconds":99999999999}                     | 400 | timeoutSeconds
          {"command":["a",{}]}                               | 400 | command[1]
          {"command":"sh -c"}                                | 400 | command
          {"image":7}                                        | 400 | image
          {"environment":{"A":["b"]}}                        | 400 | environment.A
          {                                                  | 400 | body
          {"image":"a","image":"b"}                          | 400 | body
          {"image":"a"} {}                                   | 400 | body
          []                                                 | 400 | body
          {"command":["a"]}                                  | 422 | image
          {"image":"Debian","command":["a"]}                 | 422 | image
          {"image":"no-such-image:1","command":["a"]}        | 422 | image
          {"image":"d","command":[""]}                       | 422 | command[0]
          {"image":"d","command":["a",null]}                 | 422 | command[1]
          {"image":"d","command":["a\\u0000"]}               | 422 | command[0]
          {"image":"d","command":["a","\\ud800"]}            | 422 | command[1]
          {"image":"d","command":["a"],"shape":{"cpus":0}}   | 422 | shape.cpus
          {"image":"d","command":["a"],"shape":{"cpus":33}}  | 422 | shape.cpus
          {"image":"d","command":["a"],"shape":{"memoryMib":127}} | 422 | shape.memoryMib
          {"image":"d","command":["a"],"shape":{"scratchMib":1048577}} | 422 | shape.scratchMib
          {"image":"d","command":["a"],"timeoutSeconds":0}   | 422 | timeoutSeconds
          {"image":"d","command":["a"],"timeoutSeconds":604801} | 422 | timeoutSeconds
          {"image":"d","command":["a"],"network":"user"}     | 422 | network
          {"image":"d","command":["a"],"user":"a b"}         | 422 | user
          {"image":"d","command":["a"],"user":"4294967295"}  | 422 | user
          {"image":"d","command":["a"],"workingDirectory":"x"} | 422 | workingDirectory
          {"image":"d","command":["a"],"environment":{"1A":"x"}} | 422 | environment.1A
          {"image":"d","command":["a"],"environment":{"A":null}} | 422 | environment.A
          """)
  void aWrongRequestIsRefusedByFieldAndNothingIsStored(String body, int status, String field) {
    int before = api.get("/api/v1/jobs?limit=200").json().get("items").size();
    Api.Answer answer = api.post("/api/v1/jobs", body);
    assertThat(answer.status()).as(answer.body()).isEqualTo(status);
    assertThat(answer.contentType()).isEqualTo(PROBLEM);
    assertThat(answer.errorFields()).containsExactly(field);
    assertThat(answer.json().get("type").asString()).startsWith("urn:mayfly:problem:");
    assertThat(answer.json().get("status").asInt()).isEqualTo(status);
    assertThat(api.get("/api/v1/jobs?limit=200").json().get("items").size()).isEqualTo(before);
  }

  @Test
  void everyWrongMemberIsNamedAtOnce() {
    Api.Answer answer =
        api.post("/api/v1/jobs", "{\"image\":\"D\",\"user\":\"?\",\"shape\":{\"cpus\":99}}");
    assertThat(answer.errorFields()).containsExactly("image", "user", "shape.cpus");
  }

  @Test
  void commandsAndEnvironmentsHaveASizeLimit() {
    String arguments =
        IntStream.range(0, 1025).mapToObj(_ -> "\"a\"").collect(Collectors.joining(","));
    assertRefused("{\"image\":\"d\",\"command\":[" + arguments + "]}", "command");
    assertRefused(
        "{\"image\":\"d\",\"command\":[\"" + "ä".repeat(128 * 1024 + 1) + "\"]}", "command");
    assertRefused(
        "{\"image\":\"d\",\"command\":[\"a\"],\"environment\":{\"A\":\""
            + "a".repeat(256 * 1024)
            + "\"}}",
        "environment");
    String variables =
        IntStream.range(0, 1025)
            .mapToObj(i -> "\"A" + i + "\":\"\"")
            .collect(Collectors.joining(","));
    assertRefused(
        "{\"image\":\"d\",\"command\":[\"a\"],\"environment\":{" + variables + "}}", "environment");
  }

  private void assertRefused(String body, String field) {
    Api.Answer answer = api.post("/api/v1/jobs", body);
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.errorFields()).containsExactly(field);
  }

  @Test
  void theLargestRequestThatIsAllowedIsTaken() {
    api.publish("debian:12");
    Api.Answer answer =
        api.post(
            "/api/v1/jobs",
            "{\"image\":\"debian:12\",\"command\":[\""
                + "a".repeat(256 * 1024)
                + "\"],\"environment\":{\"A\":\""
                + "b".repeat(256 * 1024 - 1)
                + "\"}}");
    assertThat(answer.status()).isEqualTo(201);
  }

  @Test
  void aBodyBeyondTheLimitIsRefused() {
    String large = "{\"image\":\"" + "x".repeat(1024 * 1024) + "\"}";
    Api.Answer announced = api.post("/api/v1/jobs", large);
    assertThat(announced.status()).isEqualTo(413);
    assertThat(announced.contentType()).isEqualTo(PROBLEM);
    byte[] bytes = large.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    Api.Answer chunked =
        api.send(
            api.request("/api/v1/jobs")
                .header("Content-Type", "application/json")
                .POST(
                    HttpRequest.BodyPublishers.ofInputStream(
                        () -> new java.io.ByteArrayInputStream(bytes))));
    assertThat(chunked.status()).isEqualTo(413);
    assertThat(chunked.contentType()).isEqualTo(PROBLEM);
  }

  @ParameterizedTest(name = "{0} {1} is refused with {2}")
  @CsvSource({
    "GET, /api/v1/nothing, 404",
    "GET, /, 404",
    "GET, /api/v1/jobs/not-an-id, 404",
    "GET, /api/v1/jobs/01a20026-e53b-71b9-b1ab-99bee12c812b, 404",
    "POST, /api/v1/jobs/01a20026-e53b-71b9-b1ab-99bee12c812b/cancel, 404",
    "GET, /api/v1/jobs/01a20026-e53b-71b9-b1ab-99bee12c812b/log, 404",
    "GET, /api/v1/jobs/01a20026-e53b-71b9-b1ab-99bee12c812b/log/events, 404",
    "GET, /api/v1/jobs/01a20026-e53b-71b9-b1ab-99bee12c812b/explanation, 404",
    "GET, /api/v1/jobs/01a20026-e53b-71b9-b1ab-99bee12c812b/attempts, 404",
    "GET, /api/v1/workers/nobody, 404",
    "POST, /api/v1/workers/nobody/resume, 404",
    "POST, /api/v1/workers/nobody/quarantine, 415",
    "POST, /api/v1/workers/nobody/paint, 404",
    "PUT, /api/v1/limits, 415",
    "GET, /api/v1/projects/Wrong, 400",
    "GET, /api/v1/images/no-such:1, 404",
    "GET, /api/v1/images/NoName, 404",
    "DELETE, /api/v1/jobs, 405",
    "PUT, /api/v1/workers, 405",
    "POST, /api/v1/jobs, 415",
    "PUT, /api/v1/images/debian:12, 415",
    "GET, /api/v1/jobs?limit=0, 400",
    "GET, /api/v1/jobs?limit=201, 400",
    "GET, /api/v1/jobs?limit=x, 400",
    "GET, /api/v1/jobs?state=queued, 400",
    "GET, /api/v1/jobs?image=Debian, 400",
    "GET, /api/v1/jobs?cursor=x, 400",
    "GET, /api/v1/jobs?stat=QUEUED, 400",
    "GET, /api/v1/workers?a=b, 400",
    "GET, /api/v1/jobs;a=b, 400",
    "TRACE, /api/v1/jobs, 405",
  })
  void whatIsNotThereIsAProblem(String method, String path, int status) {
    Api.Answer answer =
        api.send(
            api.request(path)
                .header("Content-Type", "text/plain")
                .method(
                    method,
                    method.startsWith("P")
                        ? HttpRequest.BodyPublishers.ofString("x")
                        : HttpRequest.BodyPublishers.noBody()));
    assertThat(answer.status()).as(answer.body()).isEqualTo(status);
    assertThat(answer.contentType()).isEqualTo(PROBLEM);
    assertThat(answer.json().get("title").asString()).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /api/v1/jobs",
    "POST, /api/v1/jobs",
    "GET, /api/v1/jobs/01a20026-e53b-71b9-b1ab-99bee12c812b",
    "POST, /api/v1/jobs/01a20026-e53b-71b9-b1ab-99bee12c812b/cancel",
    "GET, /api/v1/jobs/01a20026-e53b-71b9-b1ab-99bee12c812b/log",
    "GET, /api/v1/jobs/01a20026-e53b-71b9-b1ab-99bee12c812b/log/events",
    "GET, /api/v1/jobs/01a20026-e53b-71b9-b1ab-99bee12c812b/explanation",
    "GET, /api/v1/jobs/01a20026-e53b-71b9-b1ab-99bee12c812b/attempts",
    "GET, /api/v1/workers",
    "POST, /api/v1/workers/w/drain",
    "GET, /api/v1/projects",
    "PUT, /api/v1/limits",
    "PUT, /api/v1/worker-pools/fast",
    "GET, /api/v1/images",
    "GET, /api/v1/images/debian:12",
    "PUT, /api/v1/images/debian:12",
    "GET, /api/v1/health/..%2Fjobs",
    "GET, /nothing",
    "GET, /error",
  })
  void nothingIsAnsweredWithoutTheRightToken(String method, String path) {
    HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.noBody();
    for (String authorization :
        List.of(
            "",
            "Bearer ",
            "Bearer mfa_wrong",
            "Basic " + orchestrator.apiToken(),
            "Bearer " + orchestrator.apiToken() + "x")) {
      HttpRequest.Builder request = api.anonymous(path).method(method, body);
      Api.Answer answer =
          api.send(
              authorization.isEmpty() ? request : request.header("Authorization", authorization));
      assertThat(answer.status()).as(authorization).isIn(401, 400);
      assertThat(answer.contentType()).isEqualTo(PROBLEM);
      if (answer.status() == 401) {
        assertThat(answer.header("WWW-Authenticate")).startsWith("Bearer");
      } else {
        assertThat(path).contains("..");
      }
    }
    Api.Answer worker =
        api.send(
            api.anonymous(path)
                .method(method, body)
                .header("Authorization", "Bearer " + orchestrator.workerToken()));
    assertThat(worker.status()).isIn(403, 400);
    assertThat(worker.contentType()).isEqualTo(PROBLEM);
  }

  @Test
  void healthAndDescriptionNeedNoToken() {
    Api.Answer health = api.send(api.anonymous("/api/v1/health"));
    assertThat(health.status()).isEqualTo(200);
    assertThat(health.body()).isEqualTo("{\"status\":\"UP\"}");
    Api.Answer description = api.send(api.anonymous("/openapi"));
    assertThat(description.status()).isEqualTo(200);
    JsonNode openApi = description.json();
    assertThat(openApi.get("openapi").asString()).startsWith("3.1");
    assertThat(openApi.get("info").get("title").asString()).isEqualTo("Mayfly");
    assertThat(
            openApi.get("components").get("securitySchemes").get("token").get("scheme").asString())
        .isEqualTo("bearer");
    assertThat(openApi.get("components").get("schemas").has("Problem")).isTrue();
    List<String> operations = new ArrayList<>();
    openApi
        .get("paths")
        .forEach(path -> path.forEach(call -> operations.add(call.get("operationId").asString())));
    assertThat(operations)
        .containsExactlyInAnyOrder(
            "requestImageBuild",
            "listImageBuilds",
            "getImageBuild",
            "cancelImageBuild",
            "getBlob",
            "hasBlob",
            "putBlob",
            "getBundle",
            "putBundle",
            "removeImage",
            "listImageVersions",
            "rollBackImage",
            "listImagePolicies",
            "getImagePolicy",
            "setImagePolicy",
            "collectImages",
            "submitJob",
            "getJob",
            "listJobs",
            "cancelJob",
            "explainJob",
            "listAttempts",
            "readLog",
            "followLog",
            "renewSession",
            "releaseSession",
            "openExec",
            "listExecs",
            "getExec",
            "writeExecInput",
            "signalExec",
            "uploadFiles",
            "downloadFiles",
            "listWorkers",
            "getWorker",
            "drainWorker",
            "resumeWorker",
            "quarantineWorker",
            "listProjects",
            "getProject",
            "putProject",
            "getLimits",
            "putLimits",
            "listWorkerPools",
            "getWorkerPool",
            "putWorkerPool",
            "listImages",
            "getImage",
            "publishImage",
            "getHealth");
  }

  @Test
  void theSameKeyGivesTheSameJob() {
    api.publish("debian:12");
    String body = "{\"image\":\"debian:12\",\"command\":[\"true\"]}";
    String key = "key-" + System.nanoTime();
    Api.Answer first = api.post("/api/v1/jobs", body, "Idempotency-Key", key);
    Api.Answer second = api.post("/api/v1/jobs", body, "Idempotency-Key", key);
    assertThat(first.status()).isEqualTo(201);
    assertThat(second.status()).isEqualTo(200);
    assertThat(second.header("Location")).isEqualTo(first.header("Location"));
    assertThat(second.json().get("id")).isEqualTo(first.json().get("id"));
    Api.Answer other =
        api.post("/api/v1/jobs", body.replace("true", "false"), "Idempotency-Key", key);
    assertThat(other.status()).isEqualTo(409);
    assertThat(other.contentType()).isEqualTo(PROBLEM);
    assertThat(other.body()).contains(first.json().get("id").asString());
  }

  @Test
  void oneKeySubmittedByManyAtOnceMakesOneJob() throws InterruptedException {
    api.publish("debian:12");
    String key = "race-" + System.nanoTime();
    List<Api.Answer> answers = java.util.Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      threads.add(
          Thread.startVirtualThread(() ->
              answers.add(
                  api.post(
                      "/api/v1/jobs",
                      "{\"image\":\"debian:12\",\"command\":[\"true\"]}",
                      "Idempotency-Key",
                      key))));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(answers)
        .extracting(answer -> answer.json().get("id").asString())
        .hasSize(8)
        .containsOnly(answers.getFirst().json().get("id").asString());
    assertThat(answers).filteredOn(answer -> answer.status() == 201).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a\tb"})
  void aKeyThatIsNoneIsRefused(String key) {
    Api.Answer answer =
        api.post(
            "/api/v1/jobs",
            "{\"image\":\"debian:12\",\"command\":[\"true\"]}",
            "Idempotency-Key",
            key.isEmpty() ? "x".repeat(201) : key);
    assertThat(answer.status()).isEqualTo(400);
  }

  @Test
  void listingPagesThroughEveryJobOnceNewestFirst() {
    List<String> submitted = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      submitted.addFirst(api.submit("paging/image:1"));
    }
    List<String> seen = new ArrayList<>();
    String path = "/api/v1/jobs?image=paging/image:1&state=QUEUED&limit=2";
    String cursor = "";
    int pages = 0;
    do {
      JsonNode page = api.get(path + cursor).json();
      page.get("items").forEach(job -> seen.add(job.get("id").asString()));
      cursor = page.has("next") ? "&cursor=" + page.get("next").asString() : "";
      pages++;
    } while (!cursor.isEmpty());
    assertThat(seen).isEqualTo(submitted);
    assertThat(pages).isEqualTo(3);
    assertThat(api.get("/api/v1/jobs?worker=nobody").json().get("items").size()).isZero();
  }

  @Test
  void aQueuedJobIsCancelledOnce() {
    String id = api.submit("debian:12");
    for (int i = 0; i < 2; i++) {
      Api.Answer answer = api.post("/api/v1/jobs/" + id + "/cancel", "");
      assertThat(answer.status()).isEqualTo(202);
      assertThat(answer.json().get("state").asString()).isEqualTo("FINISHED");
      assertThat(answer.json().get("outcome").get("kind").asString()).isEqualTo("CANCELLED");
    }
    Api.Answer log = api.get("/api/v1/jobs/" + id + "/log");
    assertThat(log.status()).isEqualTo(200);
    assertThat(log.body()).isEmpty();
    assertThat(log.header("Mayfly-Log-Complete")).isEqualTo("true");
    try (var lines = api.follow("/api/v1/jobs/" + id + "/log/events").body()) {
      assertThat(lines.toList().getFirst()).isEqualTo("event: end");
    }
  }

  @Test
  void anImageNameMayHoldSlashes() {
    api.put(
        "/api/v1/images/registry.example:5000%2Fteam%2Ftool:1",
        "{\"bundleDigest\":\"sha256:"
            + "f".repeat(64)
            + "\",\"architecture\":\"x86_64\",\"sizeBytes\":1}");
    JsonNode image = api.get("/api/v1/images/registry.example:5000%2Fteam%2Ftool:1").json();
    assertThat(image.get("name").asString()).isEqualTo("registry.example:5000/team/tool:1");
    assertThat(image.get("cachedOn").size()).isZero();
  }

  @ParameterizedTest(name = "{0} is refused, naming {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"bundleDigest":"x","architecture":"x86_64","sizeBytes":1} | bundleDigest
          {"bundleDigest":"D","sizeBytes":1}                         | architecture
          {"bundleDigest":"D","architecture":"x86_64"}               | sizeBytes
          {"bundleDigest":"D","architecture":"x86_64","sizeBytes":0} | sizeBytes
          {"bundleDigest":"D","architecture":"mips","sizeBytes":1}   | architecture
          """)
  void aWrongPublicationIsRefused(String body, String field) {
    Api.Answer answer =
        api.put("/api/v1/images/other:1", body.replace("\"D\"", "\"" + Api.BUNDLE + "\""));
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.errorFields()).containsExactly(field);
    assertThat(api.get("/api/v1/images/other:1").status()).isEqualTo(404);
  }
}
