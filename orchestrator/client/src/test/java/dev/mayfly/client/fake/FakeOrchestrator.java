package dev.mayfly.client.fake;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.mayfly.api.rest.ExplanationView;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.client.RestJson;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonReader;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonValue.JsonNull;
import dev.mayfly.client.json.JsonWriter;
import dev.mayfly.client.json.MalformedJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * REST v1 as ops/docs/rest-api.md describes it, on a loopback port of this process, with faults to
 * order: refused calls, connections that break in the middle of an answer, a stop and a restart.
 */
public final class FakeOrchestrator implements AutoCloseable {
  public static final String TOKEN = "test-token";
  public static final String KNOWN_IMAGE = "debian:12";

  private static final int MAX_BODY = JobRequest.MAX_BODY_BYTES;

  /** What a submitted job does; runs in a thread of its own. */
  @FunctionalInterface
  public interface Script {
    void live(FakeJob job) throws InterruptedException;
  }

  /** A call as it arrived. */
  public record Received(String method, String target, Map<String, String> headers) {}

  private final Map<String, FakeJob> jobs = Collections.synchronizedMap(new LinkedHashMap<>());
  private final Map<String, KeyUse> keys = new ConcurrentHashMap<>();
  private final FakeFleet fleet = new FakeFleet();
  private final List<Received> received = new CopyOnWriteArrayList<>();
  private final Deque<Integer> cuts = new ConcurrentLinkedDeque<>();
  private final Deque<Problem> refusals = new ConcurrentLinkedDeque<>();
  private final Script script;
  private volatile long keepAliveMillis = 15_000;
  private @Nullable HttpServer server;
  private @Nullable ExecutorService threads;
  private int port;

  private record KeyUse(String body, String jobId) {}

  public FakeOrchestrator(Script script) throws IOException {
    this.script = script;
    fleet.images().put(KNOWN_IMAGE, "sha256:" + "ab".repeat(32), "x86_64", 123_456_789);
    start();
  }

  /** Listens, on the same port as before when there was one. */
  public void start() throws IOException {
    HttpServer made =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 50);
    port = made.getAddress().getPort();
    ExecutorService pool =
        Executors.newCachedThreadPool(task -> {
          Thread thread = new Thread(task, "fake-orchestrator");
          thread.setDaemon(true);
          return thread;
        });
    made.setExecutor(pool);
    made.createContext("/", this::serve);
    made.start();
    server = made;
    threads = pool;
  }

  /** Drops every connection and stops listening; jobs are kept. */
  public void stop() {
    if (server != null && threads != null) {
      server.stop(0);
      threads.shutdownNow();
      server = null;
    }
  }

  @Override
  public void close() {
    stop();
  }

  public String url() {
    return "http://127.0.0.1:" + port;
  }

  public List<Received> received() {
    return received;
  }

  /** How many calls of that method whose target begins so have arrived. */
  public long count(String method, String target) {
    return received.stream()
        .filter(call -> call.method().equals(method) && call.target().startsWith(target))
        .count();
  }

  public List<FakeJob> jobs() {
    synchronized (jobs) {
      return new ArrayList<>(jobs.values());
    }
  }

  public void worker(String name, String state) {
    fleet.worker(name, state);
  }

  /**
   * The next answers of any call break off after so many bytes of body, one number each: an even
   * one ends a chunked answer as if it were whole, an odd one drops the connection.
   */
  public void cutAfter(Integer... bytes) {
    cuts.addAll(Arrays.asList(bytes));
  }

  /** The next call is refused so, whatever it is. */
  public void refuseNext(Problem problem) {
    refusals.add(problem);
  }

  public void keepAliveEvery(long millis) {
    keepAliveMillis = millis;
  }

  private void serve(HttpExchange exchange) throws IOException {
    try {
      Map<String, String> headers = new HashMap<>();
      exchange.getRequestHeaders().forEach((name, values) -> headers.put(name, values.get(0)));
      String target = exchange.getRequestURI().toString();
      received.add(new Received(exchange.getRequestMethod(), target, headers));
      byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY + 1);
      Problem refusal = refusals.poll();
      if (refusal != null) {
        answer(exchange, refusal);
      } else if (body.length > MAX_BODY) {
        answer(exchange, problem(413, "too-large", "The body is larger than 1 MiB"));
      } else if (!target.equals("/api/v1/health") && !authorized(exchange)) {
        exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer realm=\"mayfly\"");
        answer(exchange, problem(401, "unauthorized", "The token is missing or wrong"));
      } else {
        route(exchange, body);
      }
    } catch (MalformedJson malformed) {
      answer(exchange, problem(400, "malformed", String.valueOf(malformed.getMessage())));
    } catch (CutShort.Cut cut) {
      if (!cut.cleanly()) {
        throw cut; // the server then drops the connection in the middle of the answer
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    exchange.close();
  }

  private static boolean authorized(HttpExchange exchange) {
    return ("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("Authorization"));
  }

  private void route(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
    String call = exchange.getRequestMethod() + " " + exchange.getRequestURI().getRawPath();
    String[] parts = exchange.getRequestURI().getRawPath().split("/", -1);
    if (call.equals("GET /api/v1/health")) {
      answer(exchange, 200, "application/json", "{\"status\":\"UP\"}");
    } else if (call.equals("POST /api/v1/jobs")) {
      submit(exchange, body);
    } else if (call.equals("GET /api/v1/jobs")) {
      list(exchange);
    } else if (parts.length >= 5 && parts[3].equals("jobs") && jobs.containsKey(parts[4])) {
      FakeJob job = jobs.get(parts[4]);
      ofJob(exchange, job, call.substring(call.indexOf(parts[4]) + parts[4].length()));
    } else if (parts.length == 5 && parts[3].equals("blobs")) {
      ofBlob(exchange, parts[4], body);
    } else {
      FakeFleet.Answer answer =
          fleet.answer(exchange.getRequestMethod(), parts, query(exchange), body);
      Problem problem = answer.problem();
      if (problem != null) {
        answer(exchange, problem);
      } else if (answer.body() == JsonNull.NULL) {
        exchange.sendResponseHeaders(204, -1);
      } else {
        answer(exchange, 200, answer.body());
      }
    }
  }

  private void ofBlob(HttpExchange exchange, String digest, byte[] body) throws IOException {
    byte[] stored = fleet.images().blob(digest);
    if (exchange.getRequestMethod().equals("PUT")) {
      if (fleet.images().putBlob(digest, body)) {
        exchange.sendResponseHeaders(204, -1);
      } else {
        answer(exchange, problem(422, "digest", "The bytes are not those of the digest"));
      }
    } else if (stored == null) {
      if (exchange.getRequestMethod().equals("HEAD")) {
        exchange.sendResponseHeaders(404, -1);
      } else {
        answer(exchange, problem(404, "not-found", "There is no such blob"));
      }
    } else if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(stored.length));
      exchange.sendResponseHeaders(200, -1);
    } else {
      String range = exchange.getRequestHeaders().getFirst("Range");
      int from = range == null ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
      byte[] rest = Arrays.copyOfRange(stored, from, stored.length);
      answer(exchange, range == null ? 200 : 206, "application/octet-stream", rest);
    }
  }

  private void ofJob(HttpExchange exchange, FakeJob job, String rest)
      throws IOException, InterruptedException {
    boolean get = exchange.getRequestMethod().equals("GET");
    if (get && rest.isEmpty()) {
      answer(exchange, 200, RestJson.of(job.view()));
    } else if (!get && rest.equals("/cancel")) {
      if (!job.finished()) {
        job.requestCancel();
      }
      answer(exchange, 202, RestJson.of(job.view()));
    } else if (get && rest.equals("/attempts")) {
      answer(exchange, 200, RestJson.of(new Page<>(job.attempts(), null), RestJson::of));
    } else if (get && rest.equals("/explanation")) {
      ExplanationView explanation = job.explanation();
      if (explanation == null) {
        answer(exchange, problem(409, "not-waiting", "The job does not wait"));
      } else {
        answer(exchange, 200, RestJson.of(explanation));
      }
    } else if (get && rest.equals("/log")) {
      slice(exchange, job);
    } else if (get && rest.equals("/log/events")) {
      events(exchange, job);
    } else {
      answer(exchange, problem(405, "method", "Not so"));
    }
  }

  private synchronized void submit(HttpExchange exchange, byte[] body) throws IOException {
    JobRequest request = RestJson.jobRequest(JsonFields.of(JsonReader.read(body)));
    String key = exchange.getRequestHeaders().getFirst("Idempotency-Key");
    String text = new String(body, StandardCharsets.UTF_8);
    KeyUse use = key == null ? null : keys.get(key);
    if (use != null) {
      if (use.body().equals(text)) {
        answer(exchange, 200, RestJson.of(view(use.jobId())));
      } else {
        answer(exchange, problem(409, "key-reused", "The key was used for another request"));
      }
      return;
    }
    if (!fleet.images().knows(request.image())) {
      answer(
          exchange,
          new Problem(
              "urn:mayfly:problem:unknown-image",
              "The request cannot be accepted",
              422,
              null,
              List.of(
                  new Problem.FieldError(
                      "image", "unknown image " + request.image() + "; known: debian:12"))));
      return;
    }
    FakeJob job = new FakeJob(UUID.randomUUID().toString(), request);
    jobs.put(job.id(), job);
    if (key != null) {
      keys.put(key, new KeyUse(text, job.id()));
    }
    Thread life =
        new Thread(
            () -> {
              try {
                script.live(job);
              } catch (InterruptedException end) {
                Thread.currentThread().interrupt();
              }
            },
            "fake-job");
    life.setDaemon(true);
    life.start();
    exchange.getResponseHeaders().set("Location", "/api/v1/jobs/" + job.id());
    answer(exchange, 201, RestJson.of(job.view()));
  }

  private JobView view(String id) {
    FakeJob job = jobs.get(id);
    if (job == null) {
      throw new IllegalStateException("a key without its job");
    }
    return job.view();
  }

  private void list(HttpExchange exchange) throws IOException {
    Map<String, String> query = query(exchange);
    int limit = Integer.parseInt(query.getOrDefault("limit", "50"));
    int from = Integer.parseInt(query.getOrDefault("cursor", "0"));
    String state = query.get("state");
    List<JobView> views = new ArrayList<>();
    for (FakeJob job : jobs()) {
      if (state == null || job.view().state().equals(state)) {
        views.add(0, job.view());
      }
    }
    int to = Math.min(from + limit, views.size());
    Page<JobView> page =
        new Page<>(
            views.subList(Math.min(from, to), to), to < views.size() ? Integer.toString(to) : null);
    answer(exchange, 200, RestJson.of(page, RestJson::of));
  }

  private void slice(HttpExchange exchange, FakeJob job) throws IOException {
    Map<String, String> query = query(exchange);
    int index = indexOf(query.get("cursor"));
    int limit = Integer.parseInt(query.getOrDefault("limit", "4194304"));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    boolean complete = job.finished();
    for (FakeJob.Chunk chunk : job.chunksFrom(index)) {
      if (wanted(query, chunk)) {
        if (bytes.size() > 0 && bytes.size() + chunk.bytes().length > limit) {
          complete = false;
          break;
        }
        bytes.writeBytes(chunk.bytes());
      }
      index++;
    }
    exchange.getResponseHeaders().set("Mayfly-Next-Cursor", "c" + index);
    exchange.getResponseHeaders().set("Mayfly-Log-Complete", Boolean.toString(complete));
    answer(exchange, 200, "application/octet-stream", bytes.toByteArray());
  }

  private void events(HttpExchange exchange, FakeJob job) throws IOException, InterruptedException {
    Map<String, String> query = query(exchange);
    String last = exchange.getRequestHeaders().getFirst("Last-Event-ID");
    int index = indexOf(last == null ? query.get("cursor") : last);
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    OutputStream out = cutting(exchange.getResponseBody());
    while (true) {
      boolean finished = job.finished();
      List<FakeJob.Chunk> chunks = job.chunksFrom(index);
      for (FakeJob.Chunk chunk : chunks) {
        if (wanted(query, chunk)) {
          String data = JsonWriter.write(RestJson.of(FakeJob.event(index, chunk)));
          out.write(utf8("event: log\nid: c" + (index + 1) + "\ndata: " + data + "\n\n"));
        }
        index++;
      }
      if (finished) {
        String data = JsonWriter.write(RestJson.of(job.view()));
        out.write(utf8("event: end\ndata: " + data + "\n\n"));
        out.close();
        return;
      }
      if (chunks.isEmpty()) {
        out.write(utf8(": keep-alive\n\n"));
      }
      out.flush();
      job.awaitChunk(index, keepAliveMillis);
    }
  }

  private static boolean wanted(Map<String, String> query, FakeJob.Chunk chunk) {
    String streams = query.get("stream");
    String attempt = query.get("attempt");
    return (streams == null || Arrays.asList(streams.split(",")).contains(chunk.stream().name()))
        && (attempt == null || Integer.parseInt(attempt) == chunk.attempt());
  }

  private static int indexOf(@Nullable String cursor) {
    return cursor == null ? 0 : Integer.parseInt(cursor.substring(1));
  }

  private static Map<String, String> query(HttpExchange exchange) {
    Map<String, String> query = new HashMap<>();
    String raw = exchange.getRequestURI().getRawQuery();
    for (String pair : raw == null ? new String[0] : raw.split("&")) {
      String[] parts = pair.split("=", 2);
      query.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
    }
    return query;
  }

  static Problem problem(int status, String kind, String title) {
    return new Problem("urn:mayfly:problem:" + kind, title, status, null, List.of());
  }

  private void answer(HttpExchange exchange, Problem problem) throws IOException {
    String text = JsonWriter.write(RestJson.of(problem));
    answer(exchange, problem.status(), "application/problem+json", text);
  }

  private void answer(HttpExchange exchange, int status, JsonValue body) throws IOException {
    answer(exchange, status, "application/json", JsonWriter.write(body));
  }

  private void answer(HttpExchange exchange, int status, String type, String body)
      throws IOException {
    answer(exchange, status, type, utf8(body));
  }

  private void answer(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      OutputStream out = cutting(exchange.getResponseBody());
      out.write(body);
      out.close();
    }
  }

  private OutputStream cutting(OutputStream out) {
    Integer limit = cuts.poll();
    return limit == null ? out : new CutShort(out, limit);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
