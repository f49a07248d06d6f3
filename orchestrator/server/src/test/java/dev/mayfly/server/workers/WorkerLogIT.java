package dev.mayfly.server.workers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.server.http.Api;
import io.grpc.Status;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** The log that a worker sends. */
class WorkerLogIT extends WorkerFixture {
  @Test
  void aLogThatIsSentTwiceIsStoredOnceAndAcknowledged() {
    try (FakeWorker worker = join()) {
      String job = api.submit("debian:12");
      AttemptRef attempt = worker.assigned();
      worker.chunk(attempt, 1, LogStream.LOG_STREAM_STDOUT, bytes("one "));
      worker.chunk(attempt, 2, LogStream.LOG_STREAM_STDOUT, bytes("two "));
      await().atMost(WAIT).until(() -> acknowledged(worker) == 2);
      worker.chunk(attempt, 1, LogStream.LOG_STREAM_STDOUT, bytes("one "));
      worker.chunk(attempt, 2, LogStream.LOG_STREAM_STDOUT, bytes("two "));
      worker.chunk(attempt, 3, LogStream.LOG_STREAM_STDOUT, bytes("three"));
      await().atMost(WAIT).until(() -> acknowledged(worker) == 3);
      assertThat(api.get("/api/v1/jobs/" + job + "/log").body()).isEqualTo("one two three");
      assertThat(api.get("/api/v1/jobs/" + job + "/log").header("Mayfly-Log-Complete"))
          .isEqualTo("false");
      worker.exited(attempt, 1, 0, 3);
      finished(job);
      assertThat(api.get("/api/v1/jobs/" + job + "/log").header("Mayfly-Log-Complete"))
          .isEqualTo("true");
    }
  }

  @Test
  void aGapInTheLogEndsTheConnection() {
    try (FakeWorker worker = join()) {
      String job = api.submit("debian:12");
      AttemptRef attempt = worker.assigned();
      worker.chunk(attempt, 2, LogStream.LOG_STREAM_STDOUT, bytes("two"));
      assertThat(worker.end().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
      assertThat(worker.end().getDescription()).contains("came where 1 was due");
      assertThat(api.get("/api/v1/jobs/" + job + "/log").body()).isEmpty();
    }
  }

  @Test
  void aLogIsFollowedLiveAndResumed() throws Exception {
    try (FakeWorker worker = join()) {
      String job = api.submit("debian:12");
      AttemptRef attempt = worker.assigned();
      worker.chunk(attempt, 1, LogStream.LOG_STREAM_STDOUT, bytes("first"));
      acknowledged(worker);
      CompletableFuture<String> firstCursor = new CompletableFuture<>();
      CompletableFuture<List<String>> all =
          CompletableFuture.supplyAsync(() -> {
            try (Stream<String> lines = api.follow("/api/v1/jobs/" + job + "/log/events").body()) {
              return lines
                  .peek(line -> {
                    if (line.startsWith("id: ")) {
                      firstCursor.complete(line.substring(4));
                    }
                  })
                  .toList();
            }
          });
      String cursor = firstCursor.get(20, java.util.concurrent.TimeUnit.SECONDS);
      worker.chunk(attempt, 2, LogStream.LOG_STREAM_STDERR, bytes("second"));
      acknowledged(worker);
      worker.exited(attempt, 1, 0, 2);
      List<String> lines = all.get(20, java.util.concurrent.TimeUnit.SECONDS);
      assertThat(data(lines)).isEqualTo("firstsecond");
      assertThat(lines).contains("event: end");
      assertThat(lines.getLast().isEmpty() ? lines.get(lines.size() - 2) : lines.getLast())
          .contains("\"exitCode\":0");
      try (Stream<String> rest =
          api.follow("/api/v1/jobs/" + job + "/log/events", "Last-Event-ID", cursor).body()) {
        assertThat(data(rest.toList())).isEqualTo("second");
      }
      try (Stream<String> rest =
          api.follow("/api/v1/jobs/" + job + "/log/events?stream=STDERR").body()) {
        assertThat(data(rest.toList())).isEqualTo("second");
      }
      assertThat(api.get("/api/v1/jobs/" + job + "/log/events?cursor=x").status()).isEqualTo(400);
      assertThat(api.get("/api/v1/jobs/" + job + "/log?stream=X").status()).isEqualTo(400);
      assertThat(api.get("/api/v1/jobs/" + job + "/log?limit=0").status()).isEqualTo(400);
    }
  }

  private static String data(List<String> lines) {
    StringBuilder text = new StringBuilder();
    JsonMapper json = JsonMapper.shared();
    for (String line : lines) {
      if (line.startsWith("data: {\"cursor\"")) {
        byte[] piece =
            Base64.getDecoder().decode(json.readTree(line.substring(6)).get("data").asString());
        text.append(new String(piece, StandardCharsets.UTF_8));
      }
    }
    return text.toString();
  }

  @Test
  void fiftyMegabytesOfRubbishArriveWhole() {
    byte[] piece = new byte[65536];
    new Random(7).nextBytes(piece);
    int pieces = 800;
    try (FakeWorker worker = join()) {
      String job = api.submit("debian:12");
      AttemptRef attempt = worker.assigned();
      long started = System.nanoTime();
      for (int i = 1; i <= pieces; i++) {
        piece[0] = (byte) i;
        worker.chunk(attempt, i, LogStream.LOG_STREAM_STDOUT, piece);
      }
      worker.exited(attempt, 1, 0, pieces);
      finished(job);
      System.out.printf(
          "[log] %d MiB stored in %d ms%n", pieces / 16, (System.nanoTime() - started) / 1_000_000);
      ByteArrayOutputStream log = new ByteArrayOutputStream();
      String cursor = "";
      boolean complete = false;
      while (!complete) {
        Api.Answer answer = api.get("/api/v1/jobs/" + job + "/log?limit=5000001" + cursor);
        assertThat(answer.status()).isEqualTo(200);
        log.writeBytes(answer.raw().body());
        cursor = "&cursor=" + answer.header("Mayfly-Next-Cursor");
        complete = answer.header("Mayfly-Log-Complete").equals("true");
      }
      byte[] whole = log.toByteArray();
      assertThat(whole).hasSize(pieces * piece.length);
      for (int i = 1; i <= pieces; i++) {
        piece[0] = (byte) i;
        int start = (i - 1) * piece.length;
        assertThat(Arrays.equals(whole, start, start + piece.length, piece, 0, piece.length))
            .isTrue();
      }
    }
  }
}
