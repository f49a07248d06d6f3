package dev.mayfly.server.workers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.worker.v1.EndReason;
import dev.mayfly.api.worker.v1.ExecInput;
import dev.mayfly.api.worker.v1.ExecKind;
import dev.mayfly.api.worker.v1.ExecStart;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.server.TestOrchestrator;
import dev.mayfly.server.http.Api;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Sessions over REST, with a worker by hand, through the whole orchestrator. */
class SessionIT {
  private static final Duration WAIT = Duration.ofSeconds(20);

  private final TestOrchestrator orchestrator = TestOrchestrator.shared();
  private final Api api = new Api(orchestrator);
  private final UUID id = UUID.randomUUID();
  private String job = "";
  private FakeSession session;

  @BeforeEach
  void openSession() {
    cancelQueued(api);
    FakeWorker worker = FakeWorker.register(orchestrator, id, List.of());
    worker.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
    job = submitSession(api);
    session = FakeSession.ready(worker);
  }

  static String submitSession(Api api) {
    api.publish("debian:12");
    return api.post(
            "/api/v1/jobs",
            """
            {"image":"debian:12","session":{"idleSeconds":60,"leaseSeconds":60}}\
            """)
        .json()
        .get("id")
        .asString();
  }

  /** What other tests left would be placed on this one's worker. */
  static void cancelQueued(Api api) {
    api.get("/api/v1/jobs?state=QUEUED&limit=200")
        .json()
        .get("items")
        .forEach(old -> api.post("/api/v1/jobs/" + old.get("id").asString() + "/cancel", ""));
  }

  @AfterEach
  void end() {
    api.post(path("/cancel"), "");
    session.close();
    awaitGone(api, id);
  }

  /** Else the next test's job may be placed on a worker that nobody plays any more. */
  static void awaitGone(Api api, UUID worker) {
    await()
        .atMost(WAIT)
        .until(() ->
            api.get("/api/v1/workers")
                .json()
                .get("items")
                .valueStream()
                .filter(view -> view.get("id").asString().equals(worker.toString()))
                .noneMatch(view -> view.get("state").asString().equals("ONLINE")));
  }

  private String path(String rest) {
    return "/api/v1/jobs/" + job + rest;
  }

  private Api.Answer open(String body, String... headers) {
    return api.post(path("/execs"), body, headers);
  }

  private Api.Answer write(int exec, String query, byte[] data) {
    return api.send(
        api.request(path("/execs/" + exec + "/stdin?" + query))
            .header("Content-Type", "application/octet-stream")
            .POST(HttpRequest.BodyPublishers.ofByteArray(data)));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private JsonNode exec(int number) {
    return api.get(path("/execs/" + number)).json();
  }

  @Test
  void aCommandRunsInASessionFromItsStartToItsExitCode() throws Exception {
    Api.Answer opened =
        open(
            """
            {"command":["cat"],"environment":{"A":"b"},"secrets":{"TOKEN":"hidden"},
             "workingDirectory":"/build","user":"1000","stdin":true,"timeoutSeconds":9}\
            """);
    assertThat(opened.status()).isEqualTo(201);
    assertThat(opened.header("Location")).isEqualTo(path("/execs/1"));
    assertThat(opened.json().get("state").asString()).isEqualTo("PENDING");
    assertThat(opened.body()).doesNotContain("hidden");
    ExecStart start = session.start();
    assertThat(start.getAttempt()).isEqualTo(session.attempt());
    assertThat(start.getExecNumber()).isEqualTo(1);
    assertThat(start.getKind()).isEqualTo(ExecKind.EXEC_KIND_COMMAND);
    assertThat(start.getCommandList()).containsExactly("cat");
    assertThat(start.getEnvironmentList().stream().map(v -> v.getName() + "=" + v.getValue()))
        .containsExactly("A=b", "TOKEN=hidden");
    assertThat(start.getSecretsList()).containsExactly("hidden");
    assertThat(start.getWorkingDirectory()).isEqualTo("/build");
    assertThat(start.getUser()).isEqualTo("1000");
    assertThat(start.getStdinOpen()).isTrue();
    assertThat(start.getTimeoutSeconds()).isEqualTo(9);
    session.started(1);
    assertThat(exec(1).get("state").asString()).isEqualTo("STARTED");
    CompletableFuture<List<String>> followed = follow("/log/events?exec=1");
    assertThat(write(1, "offset=0", bytes("one ")).json().get("offset").asInt()).isEqualTo(4);
    assertThat(session.input().getData().toStringUtf8()).isEqualTo("one ");
    write(1, "offset=4&end=true", bytes("two"));
    ExecInput last = session.input();
    assertThat(last.getOffset()).isEqualTo(4);
    assertThat(last.getData().toStringUtf8()).isEqualTo("two");
    assertThat(last.getEnd()).isTrue();
    session.acknowledge(1, 7, 300_000);
    await().atMost(WAIT).until(() -> exec(1).at("/input/acknowledged").asInt() == 7);
    session.output(1, LogStream.LOG_STREAM_STDOUT, bytes("one "));
    session.output(2, LogStream.LOG_STREAM_STDOUT, bytes("of another"));
    session.output(1, LogStream.LOG_STREAM_STDERR, bytes("two"));
    session.exited(1, 3);
    List<String> lines = followed.get(20, TimeUnit.SECONDS);
    assertThat(data(lines)).isEqualTo("one two");
    assertThat(lines).contains("event: end");
    assertThat(String.join("\n", lines)).contains("\"kind\":\"EXITED\",\"exitCode\":3");
    Api.Answer log = api.get(path("/log?exec=1&stream=STDERR"));
    assertThat(log.body()).isEqualTo("two");
    assertThat(log.header("Mayfly-Log-Complete")).isEqualTo("true");
    assertThat(api.get(path("/log")).body()).isEqualTo("one of anothertwo");
    assertThat(
            orchestrator
                .bean(JdbcClient.class)
                .sql("select count(*) from exec where 'hidden' = any (environment_values)")
                .query(Integer.class)
                .single())
        .isZero();
  }

  private CompletableFuture<List<String>> follow(String rest) {
    return CompletableFuture.supplyAsync(() -> {
      try (Stream<String> lines = api.follow(path(rest)).body()) {
        return lines.toList();
      }
    });
  }

  private static String data(List<String> lines) {
    StringBuilder text = new StringBuilder();
    for (String line : lines) {
      if (line.startsWith("data: {\"cursor\"")) {
        JsonNode event = JsonMapper.shared().readTree(line.substring(6));
        byte[] piece = Base64.getDecoder().decode(event.get("data").asString());
        text.append(new String(piece, StandardCharsets.UTF_8));
      }
    }
    return text.toString();
  }

  @Test
  void whatIsNotAcknowledgedIsSentAgainAfterAReconnect() {
    open("{\"command\":[\"cat\"],\"stdin\":true}");
    open("{\"command\":[\"sleep\",\"9\"]}");
    assertThat(session.start().getExecNumber()).isEqualTo(1);
    write(1, "offset=0", bytes("abcdef"));
    assertThat(session.input().getData().toStringUtf8()).isEqualTo("abcdef");
    session.started(1);
    session.acknowledge(1, 2, 300_000);
    api.post(path("/execs/1/signal"), "{\"signal\":\"TERM\"}");
    assertThat(session.signal().getSignal()).isEqualTo(15);
    await().atMost(WAIT).until(() -> exec(1).at("/input/acknowledged").asInt() == 2);
    try (FakeSession again = session.reconnected(orchestrator, id, false)) {
      ExecInput input = again.input();
      assertThat(input.getExecNumber()).isEqualTo(1);
      assertThat(input.getOffset()).isEqualTo(2);
      assertThat(input.getData().toStringUtf8()).isEqualTo("cdef");
      assertThat(again.signal().getSignalNumber()).isEqualTo(1);
      assertThat(again.start().getExecNumber()).isEqualTo(2);
    }
  }

  @Test
  void aRestartedWorkerIsToldOfEveryExecThatHasNotEnded() {
    open("{\"command\":[\"cat\"],\"stdin\":true}");
    open("{\"command\":[\"true\"]}");
    session.start();
    session.start();
    session.started(1);
    session.started(2);
    session.exited(2, 0);
    try (FakeSession again = session.reconnected(orchestrator, id, true)) {
      assertThat(again.start().getExecNumber()).isEqualTo(1);
      open("{\"command\":[\"id\"]}");
      assertThat(again.start().getExecNumber()).isEqualTo(3);
    }
  }

  @Test
  void inputWaitsForTheWorkersLimitAndTheFrontEndForTheProcess() {
    open("{\"command\":[\"cat\"],\"stdin\":true}");
    byte[] window = new byte[1024 * 1024];
    assertThat(write(1, "offset=0", window).json().get("offset").asInt()).isEqualTo(window.length);
    Api.Answer full = write(1, "offset=" + window.length, bytes("x"));
    assertThat(full.status()).isEqualTo(429);
    assertThat(full.header("Retry-After")).isEqualTo("1");
    assertThat(full.json().get("type").asString()).isEqualTo("urn:mayfly:problem:window-full");
    Api.Answer gap = write(1, "offset=9999999", bytes("x"));
    assertThat(gap.status()).isEqualTo(409);
    assertThat(gap.header("Mayfly-Input-Offset")).isEqualTo("1048576");
    long taken = 0;
    while (taken < 262_144) {
      ExecInput input = session.input();
      assertThat(input.getOffset()).isEqualTo(taken);
      taken += input.getData().size();
    }
    assertThat(taken).isEqualTo(262_144);
    session.acknowledge(1, taken, taken + 10);
    assertThat(session.input().getData().size()).isEqualTo(10);
    assertThat(
            write(1, "offset=" + window.length + "&end=true", bytes("x"))
                .json()
                .get("offset")
                .asInt())
        .isEqualTo(window.length + 1);
    assertThat(write(1, "offset=" + (window.length + 1), bytes("y")).status()).isEqualTo(409);
  }

  @Test
  void aSignalGoesToTheExecByNameOrNumber() {
    open("{\"command\":[\"sleep\",\"9\"]}");
    assertThat(api.post(path("/execs/1/signal"), "{\"signal\":\"SIGINT\"}").status())
        .isEqualTo(202);
    api.post(path("/execs/1/signal"), "{\"signal\":9,\"everything\":true}");
    var first = session.signal();
    assertThat(first.getSignal()).isEqualTo(2);
    assertThat(first.getEverything()).isFalse();
    var second = session.signal();
    assertThat(second.getSignal()).isEqualTo(9);
    assertThat(second.getEverything()).isTrue();
    assertThat(second.getSignalNumber()).isEqualTo(2);
    session.exited(1, 137);
    assertThat(api.post(path("/execs/1/signal"), "{\"signal\":9}").status()).isEqualTo(409);
  }

  @Test
  void aRepeatedOpeningMakesOneExec() {
    String body = "{\"command\":[\"true\"]}";
    assertThat(open(body, "Idempotency-Key", "k").status()).isEqualTo(201);
    Api.Answer again = open(body, "Idempotency-Key", "k");
    assertThat(again.status()).isEqualTo(200);
    assertThat(again.json().get("number").asInt()).isEqualTo(1);
    assertThat(open("{\"command\":[\"false\"]}", "Idempotency-Key", "k").status()).isEqualTo(409);
    assertThat(api.get(path("/execs")).json().get("items").size()).isEqualTo(1);
  }

  @Test
  void aReleasedSessionEndsWithItsExitCodeAndWhatIsOpenIsCancelled() {
    open("{\"command\":[\"sleep\",\"9\"]}");
    session.start();
    assertThat(api.post(path("/renew"), "").json().get("leaseSeconds").asInt()).isEqualTo(60);
    assertThat(api.post(path("/release"), "{\"exitCode\":7}").status()).isEqualTo(202);
    var end =
        session
            .worker()
            .next(OrchestratorMessage::hasEndAttempt, OrchestratorMessage::getEndAttempt);
    assertThat(end.getReason()).isEqualTo(EndReason.END_REASON_RELEASED);
    assertThat(end.getExitCode()).isEqualTo(7);
    assertThat(open("{\"command\":[\"true\"]}").json().get("type").asString())
        .isEqualTo("urn:mayfly:problem:session-ended");
    assertThat(api.post(path("/renew"), "").status()).isEqualTo(409);
    session.finished(7);
    await().atMost(WAIT).until(() -> exec(1).get("state").asString().equals("ENDED"));
    assertThat(exec(1).at("/outcome/kind").asString()).isEqualTo("CANCELLED");
    assertThat(api.job(job).at("/outcome/exitCode").asInt()).isEqualTo(7);
  }

  @Test
  void aFaultOfTheMicroVmIsThatOfItsExecsAndNothingIsRetried() throws Exception {
    open("{\"command\":[\"sleep\",\"9\"]}");
    session.start();
    session.started(1);
    CompletableFuture<List<String>> followed = follow("/log/events?exec=1");
    session.died("VMM_DIED");
    assertThat(String.join("\n", followed.get(20, TimeUnit.SECONDS))).contains("VMM_DIED");
    assertThat(exec(1).at("/outcome/faultCode").asString()).isEqualTo("VMM_DIED");
    await().atMost(WAIT).until(() -> api.job(job).get("state").asString().equals("FINISHED"));
  }

  @Test
  void onlyARunningSessionTakesExecs() {
    String batch = api.submit("debian:12");
    Api.Answer answer = api.post("/api/v1/jobs/" + batch + "/execs", "{\"command\":[\"true\"]}");
    assertThat(answer.json().get("type").asString()).isEqualTo("urn:mayfly:problem:not-a-session");
    assertThat(api.post("/api/v1/jobs/" + batch + "/renew", "").status()).isEqualTo(409);
    assertThat(api.post("/api/v1/jobs/" + batch + "/release", "{}").status()).isEqualTo(409);
    api.post("/api/v1/jobs/" + batch + "/cancel", "");
    String nobody = "/api/v1/jobs/" + UUID.randomUUID();
    assertThat(api.post(nobody + "/execs", "{\"command\":[\"true\"]}").status()).isEqualTo(404);
    assertThat(api.post(nobody + "/renew", "").status()).isEqualTo(404);
    assertThat(api.get(path("/execs/1")).status()).isEqualTo(404);
    assertThat(api.get(path("/log?exec=1")).status()).isEqualTo(404);
    assertThat(api.get(path("/log/events?exec=x")).status()).isEqualTo(404);
  }

  @ParameterizedTest(name = "{0} is refused with {1}, naming {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"command":[]}                                   | 422 | command
          {"comand":["a"]}                                 | 400 | comand
          {"command":["a"],"secrets":{"T":"abc"}}          | 422 | secrets.T
          {"command":["a"],"workingDirectory":"x"}         | 422 | workingDirectory
          {"command":["a"],"user":"-"}                     | 422 | user
          {"command":["a"],"timeoutSeconds":0}             | 422 | timeoutSeconds
          """)
  void aWrongExecIsRefusedByField(String body, int status, String field) {
    Api.Answer answer = open(body);
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.errorFields()).containsExactly(field);
  }
}
