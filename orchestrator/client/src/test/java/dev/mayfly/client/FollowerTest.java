package dev.mayfly.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.ShapeView;
import dev.mayfly.client.json.JsonWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FollowerTest {
  private static final JobId JOB = JobId.parse("01890000-0000-7000-8000-000000000001");
  private static final String END =
      "event: end\ndata: "
          + JsonWriter.write(
              RestJson.of(
                  new JobView(
                      JOB.toString(),
                      "FINISHED",
                      "i",
                      "d",
                      "x86_64",
                      "BATCH",
                      List.of(),
                      "/",
                      "root",
                      new ShapeView(1, 1, 1),
                      List.of(),
                      "USER",
                      "default",
                      "NORMAL",
                      1,
                      1,
                      1,
                      1,
                      "t",
                      null,
                      null,
                      null,
                      false,
                      null,
                      null,
                      null,
                      null,
                      List.of(),
                      1,
                      0,
                      0,
                      null,
                      null,
                      0)))
          + "\n\n";

  private final ManualTime time = new ManualTime();
  private final ScriptedTransport transport = new ScriptedTransport();
  private final CollectingSink sink = new CollectingSink();

  @Test
  void aLogIsHandedOutUntilTheJobEnds() throws Exception {
    transport.thenEvents(log("c1", "a") + ": alive\n\n" + log("c2", "b") + END, null);
    assertThat(follow(FollowRequest.all(JOB))).isInstanceOf(FollowEnd.JobEnded.class);
    assertThat(sink.text()).isEqualTo("ab");
    assertThat(transport.requests()).hasSize(1);
    assertThat(transport.requests().get(0).target())
        .isEqualTo("/api/v1/jobs/" + JOB + "/log/events");
    assertThat(transport.requests().get(0).headers()).containsEntry("Authorization", "Bearer t");
  }

  @Test
  void aBrokenConnectionIsResumedAtTheCursor() throws Exception {
    String cutInTheMiddle = log("c2", "b").substring(0, 30);
    transport
        .thenEvents(log("c1", "a") + cutInTheMiddle, new SocketException("Connection reset"))
        .thenFail(new ConnectException("Connection refused"))
        .thenAnswer(503, "text/plain", "busy")
        .thenEvents(log("c2", "b") + log("c/3 +", "c"), null)
        .thenEvents(END, null);
    assertThat(
            follow(new FollowRequest(JOB, Set.of(LogStream.STDERR, LogStream.STDOUT), null, null)))
        .isInstanceOf(FollowEnd.JobEnded.class);
    assertThat(sink.text()).isEqualTo("abc");
    assertThat(transport.requests())
        .extracting(request -> request.target().replaceFirst(".*/events", ""))
        .containsExactly(
            "?stream=STDOUT%2CSTDERR",
            "?stream=STDOUT%2CSTDERR&cursor=c1",
            "?stream=STDOUT%2CSTDERR&cursor=c1",
            "?stream=STDOUT%2CSTDERR&cursor=c1",
            "?stream=STDOUT%2CSTDERR&cursor=c%2F3+%2B");
    assertThat(sink.reconnects)
        .containsExactly(
            "1 Connection reset",
            "2 connection refused",
            "3 the orchestrator is busy",
            "1 the connection ended in the middle of the log");
  }

  @Test
  void aPieceThatIsSentAgainIsNotRepeated() throws Exception {
    transport
        .thenEvents(log("c1", "a"), null)
        .thenEvents(log("c1", "a") + log("c2", "b") + END, null);
    follow(FollowRequest.all(JOB));
    assertThat(sink.text()).isEqualTo("ab");
  }

  @Test
  void anOrchestratorThatStaysAwayIsGivenUpAfterThePatience() {
    transport.thenEvents(log("c1", "a"), null).thenFail(new ConnectException("Connection refused"));
    assertThatThrownBy(() -> follow(FollowRequest.all(JOB)))
        .isInstanceOf(Unreachable.class)
        .hasMessageContaining("connection refused");
    assertThat(Duration.ofNanos(time.nanoTime()))
        .isBetween(
            Timeouts.DEFAULT.patience().minus(Backoff.LONGEST.plusSeconds(1)),
            Timeouts.DEFAULT.patience());
    assertThat(time.pauses())
        .allSatisfy(pause -> assertThat(pause).isLessThanOrEqualTo(Backoff.LONGEST));
  }

  @Test
  void aServerThatOnlyOpensAndClosesIsGivenUpToo() {
    transport.thenEvents("", null);
    assertThatThrownBy(() -> follow(FollowRequest.all(JOB))).isInstanceOf(Unreachable.class);
  }

  @Test
  void keepAlivesRenewThePatience() throws Exception {
    for (int i = 0; i < 10; i++) {
      transport.then(request -> {
        time.advance(Timeouts.DEFAULT.patience().minusSeconds(10));
        return ScriptedTransport.answer(
            200, "text/event-stream", ScriptedTransport.stream(": alive\n\n"), java.util.Map.of());
      });
    }
    transport.thenEvents(END, null);
    assertThat(follow(FollowRequest.all(JOB))).isInstanceOf(FollowEnd.JobEnded.class);
  }

  @Test
  void aRefusalIsNotRetried() {
    transport.thenAnswer(
        404, "application/problem+json", "{\"title\":\"There is no such job\",\"status\":404}");
    assertThatThrownBy(() -> follow(FollowRequest.all(JOB)))
        .isInstanceOf(MayflyProblem.class)
        .hasMessage("There is no such job");
    assertThat(transport.requests()).hasSize(1);
  }

  @Test
  void whatIsNoEventStreamIsRefused() {
    transport.thenAnswer(200, "text/html", "<html>");
    assertThatThrownBy(() -> follow(FollowRequest.all(JOB))).isInstanceOf(UnexpectedAnswer.class);
  }

  @Test
  void nonsenseInAnEventIsRefused() {
    for (String data :
        List.of(
            "{",
            "[]",
            "{\"cursor\":\"c\",\"stream\":\"STDOUT\",\"at\":\"t\",\"data\":\"***\"}",
            "{\"cursor\":\"c\",\"stream\":\"NEWS\",\"at\":\"t\",\"data\":\"\"}")) {
      ScriptedTransport nonsense = new ScriptedTransport();
      nonsense.thenEvents("event: log\ndata: " + data + "\n\n", null);
      assertThatThrownBy(() -> client(nonsense).follow(FollowRequest.all(JOB), sink))
          .isInstanceOf(UnexpectedAnswer.class);
    }
  }

  @Test
  void whatTheSinkThrowsReachesTheCallerUnchanged() {
    transport.thenEvents(log("c1", "a") + END, null);
    IOException closed = new IOException("closed");
    assertThatThrownBy(() ->
            client(transport)
                .follow(
                    FollowRequest.all(JOB),
                    piece -> {
                      throw closed;
                    }))
        .isSameAs(closed);
    assertThat(transport.requests()).hasSize(1);
  }

  @Test
  void aSinkThatHasEnoughStopsTheFollowing() throws Exception {
    transport.thenEvents(log("c1", "a") + log("c2", "b") + END, null);
    assertThat(client(transport).follow(FollowRequest.all(JOB), piece -> false))
        .isInstanceOf(FollowEnd.Stopped.class);
  }

  @Test
  void aQuietLogEndsTheFollowingWhereThatWasAsked() throws Exception {
    transport
        .thenFail(new SocketTimeoutException("connect timed out"))
        .thenEvents(log("c1", "a"), new SocketTimeoutException("Read timed out"));
    Duration quiet = Duration.ofSeconds(2);
    assertThat(follow(new FollowRequest(JOB, Set.of(), null, quiet)))
        .isInstanceOf(FollowEnd.Stopped.class);
    assertThat(sink.text()).isEqualTo("a");
    assertThat(transport.requests().get(1).silence()).isEqualTo(quiet);
  }

  private FollowEnd follow(FollowRequest request) throws IOException, InterruptedException {
    return client(transport).follow(request, sink);
  }

  private MayflyClient client(Transport over) {
    return new MayflyClient(BaseUrl.DEFAULT, () -> "t", Timeouts.DEFAULT, over, time);
  }

  private static String log(String cursor, String text) {
    return "event: log\nid: "
        + cursor
        + "\ndata: {\"cursor\":\""
        + cursor
        + "\",\"stream\":\"STDOUT\",\"at\":\"t\",\"data\":\""
        + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8))
        + "\"}\n\n";
  }

  private static final class CollectingSink implements LogSink {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final List<String> reconnects = new ArrayList<>();

    @Override
    public boolean accept(LogPiece piece) {
      bytes.writeBytes(piece.bytes());
      return true;
    }

    @Override
    public void reconnecting(String reason, int tries) {
      reconnects.add(tries + " " + reason);
    }

    String text() {
      return bytes.toString(StandardCharsets.UTF_8);
    }
  }
}
