package dev.mayfly.server.workers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.worker.v1.ExecKind;
import dev.mayfly.api.worker.v1.ExecStart;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.server.TestOrchestrator;
import dev.mayfly.server.http.Api;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Uploads and downloads over REST, with a worker by hand. */
class SessionFilesIT {
  private static final Duration WAIT = Duration.ofSeconds(20);

  private final TestOrchestrator orchestrator = TestOrchestrator.shared();
  private final Api api = new Api(orchestrator);
  private final UUID id = UUID.randomUUID();
  private final byte[] files = new byte[3 * 1024 * 1024 + 17];
  private String job = "";
  private FakeSession session;

  @BeforeEach
  void openSession() {
    SessionIT.cancelQueued(api);
    new Random(3).nextBytes(files);
    FakeWorker worker = FakeWorker.register(orchestrator, id, List.of());
    worker.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
    job = SessionIT.submitSession(api);
    session = FakeSession.ready(worker);
  }

  @AfterEach
  void end() {
    api.post("/api/v1/jobs/" + job + "/cancel", "");
    session.close();
    SessionIT.awaitGone(api, id);
  }

  private String path(String query) {
    return "/api/v1/jobs/" + job + "/files?" + query;
  }

  private CompletableFuture<Api.Answer> upload(String query) {
    return CompletableFuture.supplyAsync(() ->
        api.send(api.request(path(query)).PUT(HttpRequest.BodyPublishers.ofByteArray(files))));
  }

  private CompletableFuture<Api.Answer> download(String query) {
    return CompletableFuture.supplyAsync(() -> api.get(path(query)));
  }

  private static Api.Answer answer(CompletableFuture<Api.Answer> future) throws Exception {
    return future.get(20, TimeUnit.SECONDS);
  }

  @Test
  void anUploadArrivesWholeAndIsAnsweredAtItsEnd() throws Exception {
    CompletableFuture<Api.Answer> upload = upload("path=/work");
    ExecStart start = session.start();
    assertThat(start.getKind()).isEqualTo(ExecKind.EXEC_KIND_UPLOAD);
    assertThat(start.getPath()).isEqualTo("/work");
    assertThat(start.getLimitBytes()).isEqualTo(1L << 30);
    session.started(1);
    assertThat(Arrays.equals(session.drain(1), files)).isTrue();
    assertThat(upload).isNotDone();
    session.exited(1, 0);
    assertThat(answer(upload).status()).isEqualTo(200);
    assertThat(answer(upload).json().get("kind").asString()).isEqualTo("UPLOAD");
    await().atMost(WAIT).until(() -> count("exec_input") == 0);
  }

  private int count(String table) {
    return orchestrator
        .bean(JdbcClient.class)
        .sql("select count(*) from " + table + " where job_id = :job")
        .param("job", UUID.fromString(job))
        .query(Integer.class)
        .single();
  }

  @Test
  void anUploadThatIsNoTarIsRefused() throws Exception {
    CompletableFuture<Api.Answer> upload = upload("path=/work");
    session.start();
    session.faulted(1, "TRANSFER_FAILED", "It is no tar stream.");
    assertThat(answer(upload).status()).isEqualTo(422);
    assertThat(answer(upload).json().get("detail").asString()).contains("It is no tar stream.");
  }

  @Test
  void anUploadBeyondItsLimitIsRefusedBeforeItIsRead() throws Exception {
    assertThat(answer(upload("path=/work&limit=1000")).status()).isEqualTo(413);
    assertThat(answer(upload("path=work")).status()).isEqualTo(400);
    assertThat(answer(upload("path=/work&limit=0")).status()).isEqualTo(400);
    assertThat(api.get("/api/v1/jobs/" + job + "/execs").json().get("items").size()).isZero();
  }

  @Test
  void aDownloadIsStreamedAndRemovedOnceFetched() throws Exception {
    CompletableFuture<Api.Answer> download = download("path=/data/a");
    ExecStart start = session.start();
    assertThat(start.getKind()).isEqualTo(ExecKind.EXEC_KIND_DOWNLOAD);
    assertThat(start.getPath()).isEqualTo("/data/a");
    session.started(1);
    for (int at = 0; at < files.length; at += 65536) {
      session.output(
          1,
          LogStream.LOG_STREAM_FILE,
          Arrays.copyOfRange(files, at, Math.min(files.length, at + 65536)));
    }
    session.exited(1, 0);
    Api.Answer answer = answer(download);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.contentType()).isEqualTo("application/x-tar");
    assertThat(answer.header("Mayfly-Exec")).isEqualTo("1");
    assertThat(Arrays.equals(answer.raw().body(), files)).isTrue();
    await().atMost(WAIT).until(() -> count("log_chunk") == 0);
  }

  @Test
  void aDownloadOfWhatIsNotThereIsRefused() throws Exception {
    CompletableFuture<Api.Answer> download = download("path=/nothing");
    session.start();
    session.faulted(1, "TRANSFER_FAILED", "There is nothing at /nothing.");
    assertThat(answer(download).status()).isEqualTo(422);
    assertThat(answer(download).json().get("type").asString())
        .isEqualTo("urn:mayfly:problem:transfer-failed");
  }

  @Test
  void aDownloadThatFailsInTheMiddleDoesNotLookWhole() throws Exception {
    CompletableFuture<InputStream> download =
        HttpClient.newHttpClient()
            .sendAsync(
                api.request(path("path=/work")).build(), HttpResponse.BodyHandlers.ofInputStream())
            .thenApply(HttpResponse::body);
    session.start();
    session.output(1, LogStream.LOG_STREAM_FILE, Arrays.copyOf(files, 1000));
    try (InputStream body = download.get(20, TimeUnit.SECONDS)) {
      assertThat(body.readNBytes(1000)).isEqualTo(Arrays.copyOf(files, 1000));
      session.faulted(1, "TRANSFER_TOO_LARGE", "It is larger than the limit.");
      assertThatThrownBy(body::read).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aDownloadWhoseSessionDiesIsRefused() throws Exception {
    CompletableFuture<Api.Answer> download = download("path=/work");
    session.start();
    session.died("VMM_DIED");
    assertThat(answer(download).status()).isEqualTo(502);
    assertThat(answer(download).json().get("detail").asString()).contains("VMM_DIED");
  }
}
