package dev.mayfly.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.JobRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MayflyClientTest {
  private static final JobRequest REQUEST =
      new JobRequest("debian:12", List.of("true"), null, null, null, null, null, null);
  private static final JobId JOB = JobId.parse("01890000-0000-7000-8000-000000000001");

  private final ManualTime time = new ManualTime();
  private final ScriptedTransport transport = new ScriptedTransport();
  private final MayflyClient client = client(() -> "secret");

  @Test
  void aRepeatedSubmitCarriesTheSameKey() {
    transport.thenFail(new SocketException("Connection reset"));
    assertThatThrownBy(() -> client.submit(REQUEST)).isInstanceOf(Unreachable.class);
    assertThat(transport.requests()).hasSize(Calls.MAX_TRIES);
    assertThat(transport.requests().stream().map(sent -> sent.headers().get("Idempotency-Key")))
        .doesNotContainNull()
        .containsOnly(transport.requests().get(0).headers().get("Idempotency-Key"));
  }

  @Test
  void twoSubmitsHaveTwoKeys() {
    transport.thenFail(new UnknownHostException("x"));
    assertThatThrownBy(() -> client.submit(REQUEST)).isInstanceOf(Unreachable.class);
    assertThatThrownBy(() -> client.submit(REQUEST)).isInstanceOf(Unreachable.class);
    assertThat(transport.requests().stream().map(sent -> sent.headers().get("Idempotency-Key")))
        .doesNotHaveDuplicates()
        .hasSize(2);
  }

  @Test
  void whatCannotPassIsNotRetried() {
    for (IOException failure :
        List.of(
            new UnknownHostException("nowhere"),
            new SSLHandshakeException("bad certificate"),
            new SocketTimeoutException("Read timed out"))) {
      ScriptedTransport failing = new ScriptedTransport().thenFail(failure);
      assertThatThrownBy(() -> client(failing, () -> "t").workers())
          .isInstanceOf(Unreachable.class);
      assertThat(failing.requests()).hasSize(1);
    }
  }

  @Test
  void aDeadOrchestratorIsNamedWithinASecondAndSaysWhatToDo() {
    transport.thenFail(new ConnectException("Connection refused"));
    assertThatThrownBy(client::workers)
        .hasMessage(
            "no orchestrator at http://127.0.0.1:8420: connection refused; is it running? start it"
                + " with ./mayfly up");
    assertThat(Duration.ofNanos(time.nanoTime())).isLessThan(Duration.ofSeconds(1));
  }

  @Test
  void aBusyOrchestratorIsAskedAgainWhenItSaysSo() throws Exception {
    transport
        .then(request ->
            ScriptedTransport.answer(
                503, "text/plain", InputStream.nullInputStream(), Map.of("Retry-After", "3")))
        .thenAnswer(200, "application/json", "{\"items\":[]}");
    assertThat(client.workers()).isEmpty();
    assertThat(time.pauses()).containsExactly(Duration.ofSeconds(3));
  }

  @Test
  void anAbsurdRetryAfterIsBounded() throws Exception {
    transport
        .then(request ->
            ScriptedTransport.answer(
                429, "text/plain", InputStream.nullInputStream(), Map.of("Retry-After", "999999")))
        .thenAnswer(200, "application/json", "{\"items\":[]}");
    client.workers();
    assertThat(time.pauses()).containsExactly(Calls.LONGEST_RETRY_AFTER);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "a b", "a\nX-Evil: 1", "ä", "\u0000"})
  void aTokenThatIsNoneIsNotSent(String token) {
    transport.thenAnswer(200, "application/json", "{\"items\":[]}");
    assertThatThrownBy(() -> client(() -> token).workers()).isInstanceOf(TokenUnavailable.class);
    assertThat(transport.requests()).isEmpty();
  }

  @Test
  void anUnreadableTokenSaysWhy() {
    assertThatThrownBy(() ->
            client(
                    () -> {
                      throw new IOException("there is no token at /x");
                    })
                .workers())
        .isInstanceOf(TokenUnavailable.class)
        .hasMessage("there is no token at /x");
  }

  @Test
  void theTokenIsNotSentWithTheHealthCheck() throws Exception {
    transport.thenAnswer(200, "application/json", "{\"status\":\"UP\"}");
    client.checkHealth();
    assertThat(transport.requests().get(0).headers()).doesNotContainKey("Authorization");
  }

  @Test
  void anOrchestratorThatIsNotUpIsUnreachable() {
    transport.thenAnswer(200, "application/json", "{\"status\":\"DOWN\"}");
    assertThatThrownBy(client::checkHealth).isInstanceOf(Unreachable.class);
  }

  @Test
  void somethingElseThatAnswersIsNamed() {
    String start = "what answers at http://127.0.0.1:8420 does not speak Mayfly's REST v1: ";
    transport
        .thenAnswer(404, "text/html", "<h1>Not found</h1>")
        .thenAnswer(200, "text/html", "<h1>Hello</h1>")
        .thenAnswer(302, "text/html", "")
        .thenAnswer(200, "application/json", "{\"items\":3}");
    assertThatThrownBy(() -> client.job(JOB)).hasMessage(start + "HTTP status 404");
    assertThatThrownBy(client::workers).hasMessageStartingWith(start + "not JSON at character 0");
    assertThatThrownBy(client::workers).hasMessage(start + "HTTP status 302");
    assertThatThrownBy(client::workers).hasMessage(start + "items is not an array");
  }

  @Test
  void aRefusedTokenIsNamedEvenWithoutAProblem() {
    transport.thenAnswer(401, "text/plain", "");
    assertThatThrownBy(client::workers)
        .isInstanceOfSatisfying(
            MayflyProblem.class, problem -> assertThat(problem.isTokenRefused()).isTrue());
  }

  @Test
  void aServerThatDripsBytesIsGivenUp() {
    transport.then(
        request -> ScriptedTransport.answer(200, "application/json", new Dripping(time), Map.of()));
    assertThatThrownBy(client::workers)
        .isInstanceOf(Unreachable.class)
        .hasMessageContaining("did not answer in time");
    assertThat(Duration.ofNanos(time.nanoTime())).isLessThan(Duration.ofMinutes(2));
  }

  @Test
  void aServerThatNeverStopsPagingIsGivenUp() {
    transport.thenAnswer(200, "application/json", "{\"items\":[],\"next\":\"again\"}");
    assertThatThrownBy(client::images).isInstanceOf(UnexpectedAnswer.class);
  }

  private MayflyClient client(TokenSource tokens) {
    return client(transport, tokens);
  }

  private MayflyClient client(Transport over, TokenSource tokens) {
    return new MayflyClient(BaseUrl.DEFAULT, tokens, Timeouts.DEFAULT, over, time);
  }

  private static final class Dripping extends InputStream {
    private final ManualTime time;

    Dripping(ManualTime time) {
      this.time = time;
    }

    @Override
    public int read() {
      time.advance(Duration.ofSeconds(20));
      return ' ';
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      return new ByteArrayInputStream(new byte[] {(byte) read()}).read(into, offset, length);
    }
  }
}
