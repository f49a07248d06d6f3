package dev.mayfly.client;

import dev.mayfly.api.rest.Problem;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonReader;
import dev.mayfly.client.json.MalformedJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What all calls share: the token, limits, retries, and what an answer that is an error means. */
final class Calls {
  /** Bridges a restarting connection, yet says within half a second that nothing is running. */
  static final int MAX_TRIES = 3;

  /** The longest wait a server may ask for with Retry-After. */
  static final Duration LONGEST_RETRY_AFTER = Duration.ofSeconds(10);

  /** A page of 200 jobs with commands of 256 KiB each, escaped, and then some. */
  static final int MAX_ANSWER_BYTES = 96 * 1024 * 1024;

  static final String JSON = "application/json, application/problem+json";

  private static final int MAX_TOKEN_LENGTH = 4096;
  private static final Pattern TOKEN = Pattern.compile("[!-~]+");

  private final BaseUrl base;
  private final TokenSource tokens;
  private final Timeouts timeouts;
  private final Transport transport;
  private final TimeSource time;

  Calls(BaseUrl base, TokenSource tokens, Timeouts timeouts, Transport transport, TimeSource time) {
    this.base = base;
    this.tokens = tokens;
    this.timeouts = timeouts;
    this.transport = transport;
    this.time = time;
  }

  /**
   * One call of the API.
   *
   * @param tries how often it may be sent in all; more than 1 only for what may be repeated
   */
  record Call(
      String method,
      String target,
      Map<String, String> headers,
      byte @Nullable [] body,
      boolean withToken,
      int tries) {

    static Call get(String target) {
      return new Call("GET", target, Map.of("Accept", JSON), null, true, MAX_TRIES);
    }
  }

  /** A whole answer. */
  record Reply(int status, Predicate<String> isType, HeaderLookup headers, byte[] body) {}

  /** The value of a header of an answer. */
  @FunctionalInterface
  interface HeaderLookup {
    @Nullable String get(String name);
  }

  /** Sends, with retries where the call allows them, and reads the whole answer. */
  Reply send(Call call) throws MayflyException, InterruptedException {
    long deadline = time.nanoTime() + timeouts.call().toNanos();
    Backoff backoff = new Backoff();
    for (int tries = 1; ; tries++) {
      Duration pause = backoff.next();
      boolean last = tries >= call.tries();
      try {
        Reply reply = sendOnce(call, deadline);
        if (last || !isBusy(reply.status())) {
          return reply;
        }
        pause = retryAfter(reply, pause);
        if (deadline - time.nanoTime() < pause.toNanos()) {
          return reply;
        }
      } catch (MayflyException final_) {
        throw final_;
      } catch (IOException failure) {
        if (last || !mayPass(failure) || deadline - time.nanoTime() < pause.toNanos()) {
          throw unreachable(failure);
        }
      }
      time.pause(pause);
    }
  }

  private Reply sendOnce(Call call, long deadline) throws IOException {
    Transport.Request request =
        new Transport.Request(
            call.method(),
            call.target(),
            call.withToken() ? authorized(call.headers()) : call.headers(),
            call.body(),
            timeouts.read());
    try (Transport.Answer answer = transport.send(request)) {
      byte[] body = readAll(answer.body(), deadline);
      String type = contentType(answer);
      return new Reply(answer.status(), type::equals, headersOf(answer), body);
    }
  }

  /** Sends a body as it is read, once, and reads the whole answer. */
  Reply upload(
      String method, String target, Map<String, String> headers, InputStream body, Duration silence)
      throws IOException {
    Transport.Request request =
        new Transport.Request(method, target, authorized(headers), null, silence);
    try (Transport.Answer answer = transport.send(request, body)) {
      byte[] all = readAll(answer.body(), time.nanoTime() + timeouts.call().toNanos());
      String type = contentType(answer);
      return new Reply(answer.status(), type::equals, headersOf(answer), all);
    }
  }

  /** As above, with a body of that many bytes. */
  Reply upload(
      String target, Map<String, String> headers, InputStream body, long length, Duration silence)
      throws IOException {
    Transport.Request request =
        new Transport.Request("PUT", target, authorized(headers), null, silence);
    try (Transport.Answer answer = transport.send(request, body, length)) {
      byte[] all = readAll(answer.body(), time.nanoTime() + timeouts.call().toNanos());
      String type = contentType(answer);
      return new Reply(answer.status(), type::equals, headersOf(answer), all);
    }
  }

  /** Opens an answer that is read as it comes; no retries. The caller closes it. */
  Transport.Answer open(String target, Map<String, String> headers, Duration silence)
      throws IOException {
    return transport.send(new Transport.Request("GET", target, authorized(headers), null, silence));
  }

  /** The exception that an answer of an error status stands for. */
  MayflyException failure(Transport.Answer answer) throws IOException {
    long deadline = time.nanoTime() + timeouts.read().toNanos();
    byte[] body = readAll(answer.body(), deadline);
    String type = contentType(answer);
    return failure(new Reply(answer.status(), type::equals, headersOf(answer), body));
  }

  MayflyException failure(Reply reply) {
    if (reply.status() >= 400 && reply.isType().test("application/problem+json")) {
      try {
        return new MayflyProblem(
            RestJson.problem(JsonFields.of(JsonReader.read(reply.body())), reply.status()));
      } catch (MalformedJson malformed) {
        return unexpected("a problem that cannot be read: " + malformed.getMessage(), malformed);
      }
    }
    return switch (reply.status()) {
      case 401 -> new MayflyProblem(bare("the token was refused", 401));
      case 403 -> new MayflyProblem(bare("the token may not do this", 403));
      case 429, 503 -> new MayflyProblem(bare("the orchestrator is busy", reply.status()));
      default -> unexpected("HTTP status " + reply.status(), null);
    };
  }

  private static Problem bare(String title, int status) {
    return new Problem("about:blank", title, status, null, List.of());
  }

  /** Reads the document of a successful answer. */
  <T> T document(Reply reply, JsonFields.Mapping<T> mapping) throws UnexpectedAnswer {
    try {
      return mapping.map(JsonFields.of(JsonReader.read(reply.body())));
    } catch (MalformedJson malformed) {
      throw unexpected(malformed.getMessage(), malformed);
    }
  }

  UnexpectedAnswer unexpected(@Nullable String what, @Nullable Throwable cause) {
    return new UnexpectedAnswer(
        "what answers at " + base + " does not speak Mayfly's REST v1: " + what, cause);
  }

  Unreachable unreachable(IOException failure) {
    String advice =
        base.loopback()
            ? "is it running? start it with ./mayfly up"
            : "check MAYFLY_URL and the network";
    return new Unreachable(base.value(), reasonOf(failure), advice, failure);
  }

  /** One line for people that says what broke. */
  static String reasonOf(IOException failure) {
    if (failure instanceof ConnectException) {
      return "connection refused";
    }
    if (failure instanceof NoRouteToHostException) {
      return "no route to it";
    }
    if (failure instanceof UnknownHostException) {
      return "its host name is not known";
    }
    if (failure instanceof SocketTimeoutException) {
      return "it did not answer in time";
    }
    String message = failure.getMessage();
    String text = message == null ? failure.getClass().getSimpleName() : message;
    String line = text.lines().findFirst().orElse(text).strip();
    return failure instanceof SSLException ? "TLS failed: " + line : line;
  }

  /** Whether the same request may succeed a moment later. */
  private static boolean mayPass(IOException failure) {
    return !(failure instanceof UnknownHostException)
        && !(failure instanceof SSLException)
        && !(failure instanceof SocketTimeoutException);
  }

  static boolean isBusy(int status) {
    return status == 429 || status == 502 || status == 503 || status == 504;
  }

  private static Duration retryAfter(Reply reply, Duration otherwise) {
    String value = reply.headers().get("Retry-After");
    if (value == null || !value.matches("[0-9]{1,6}")) {
      return otherwise;
    }
    Duration asked = Duration.ofSeconds(Integer.parseInt(value));
    if (asked.compareTo(LONGEST_RETRY_AFTER) > 0) {
      return LONGEST_RETRY_AFTER;
    }
    return asked.compareTo(otherwise) < 0 ? otherwise : asked;
  }

  private Map<String, String> authorized(Map<String, String> headers) throws TokenUnavailable {
    String token;
    try {
      token = tokens.token();
    } catch (IOException unavailable) {
      throw new TokenUnavailable(reasonOf(unavailable), unavailable);
    }
    // Also what keeps a line break in a token from becoming a header of its own.
    if (token.length() > MAX_TOKEN_LENGTH || !TOKEN.matcher(token).matches()) {
      throw new TokenUnavailable("the token is empty or holds characters that no token has", null);
    }
    Map<String, String> all = new HashMap<>(headers);
    all.put("Authorization", "Bearer " + token);
    return all;
  }

  private byte[] readAll(InputStream in, long deadline) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] buffer = new byte[16 * 1024];
    for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
      all.write(buffer, 0, count);
      if (all.size() > MAX_ANSWER_BYTES) {
        throw unexpected("an answer of more than " + MAX_ANSWER_BYTES + " bytes", null);
      }
      // The read timeout alone would let a server that drips bytes hold us for ever.
      if (deadline - time.nanoTime() < 0) {
        throw new SocketTimeoutException("the answer took too long");
      }
    }
    return all.toByteArray();
  }

  private static String contentType(Transport.Answer answer) {
    String type = answer.header("Content-Type");
    return type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
  }

  static boolean isEventStream(Transport.Answer answer) {
    return contentType(answer).equals("text/event-stream");
  }

  private static HeaderLookup headersOf(Transport.Answer answer) {
    Map<String, String> kept = new HashMap<>();
    for (String name :
        List.of(
            "Retry-After",
            "Location",
            "Content-Length",
            "Mayfly-Next-Cursor",
            "Mayfly-Log-Complete",
            "Mayfly-Input-Offset")) {
      String value = answer.header(name);
      if (value != null) {
        kept.put(name, value);
      }
    }
    return kept::get;
  }
}
