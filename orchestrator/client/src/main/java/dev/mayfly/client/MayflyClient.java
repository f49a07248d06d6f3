package dev.mayfly.client;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.AttemptView;
import dev.mayfly.api.rest.ImagePublication;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.client.Calls.Call;
import dev.mayfly.client.Calls.Reply;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonWriter;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Speaks REST v1 with one orchestrator. Every call may be repeated without harm and is, a few
 * times, when the connection breaks; a submit carries an idempotency key, so a repeated one makes
 * no second job. Safe for use by several threads; holds nothing that must be closed.
 *
 * <p>All calls throw {@link MayflyProblem} when the orchestrator answers with a problem that is not
 * part of the call's result, {@link Unreachable}, {@link TokenUnavailable} or {@link
 * UnexpectedAnswer} otherwise, and {@link InterruptedException} when interrupted between two tries.
 */
public final class MayflyClient {
  /** What the server takes at most, and what bounds our memory. */
  public static final int MAX_SLICE_BYTES = 16 * 1024 * 1024;

  private static final String PROBLEM = "application/problem+json";

  /** Also without a body, or HttpURLConnection would call it a form. */
  private static final Map<String, String> SENDS_JSON =
      Map.of("Accept", Calls.JSON, "Content-Type", "application/json");

  private final Calls calls;
  private final Follower follower;
  private final Timeouts timeouts;
  private final TimeSource time;

  public MayflyClient(BaseUrl base, TokenSource tokens, Timeouts timeouts) {
    this(base, tokens, timeouts, new UrlTransport(base, timeouts.connect()), TimeSource.SYSTEM);
  }

  MayflyClient(
      BaseUrl base, TokenSource tokens, Timeouts timeouts, Transport transport, TimeSource time) {
    this.calls = new Calls(base, tokens, timeouts, transport, time);
    this.follower = new Follower(calls, timeouts, time);
    this.timeouts = timeouts;
    this.time = time;
  }

  /** A session, renewed in the background from now on until it is closed here. */
  public Session session(JobId id) {
    return new Session(id, this, new SessionCalls(id, calls, timeouts, time), follower);
  }

  /** Submits under a fresh key. */
  public Submission submit(JobRequest request) throws MayflyException, InterruptedException {
    return submit(request, IdempotencyKey.random());
  }

  /**
   * Submits a job, or finds the one that was submitted with this key before.
   *
   * @throws IllegalArgumentException when a string of the request holds a lone surrogate
   */
  public Submission submit(JobRequest request, IdempotencyKey key)
      throws MayflyException, InterruptedException {
    Reply reply =
        calls.send(
            new Call(
                "POST",
                "/api/v1/jobs",
                Map.of(
                    "Accept",
                    Calls.JSON,
                    "Content-Type",
                    "application/json",
                    "Idempotency-Key",
                    key.value()),
                JsonWriter.writeUtf8(RestJson.of(request)),
                true,
                Calls.MAX_TRIES));
    if (reply.status() == 200 || reply.status() == 201) {
      JobView job = calls.document(reply, RestJson::jobView);
      return new Submission.Accepted(job, reply.status() == 200);
    }
    MayflyException failure = calls.failure(reply);
    if (failure instanceof MayflyProblem problem && isRefusal(reply.status())) {
      return new Submission.Refused(problem.problem());
    }
    throw failure;
  }

  /** A job, or nothing when there is none of that id. */
  public Optional<JobView> job(JobId id) throws MayflyException, InterruptedException {
    return optional(calls.send(Call.get("/api/v1/jobs/" + id)), RestJson::jobView);
  }

  /** One page of jobs. */
  public Page<JobView> jobs(JobFilter filter) throws MayflyException, InterruptedException {
    String query =
        new Query()
            .add("state", filter.state() == null ? null : filter.state().name())
            .add("image", filter.image())
            .add("worker", filter.worker())
            .add("limit", Integer.toString(filter.limit()))
            .add("cursor", filter.cursor())
            .text();
    Reply reply = calls.send(Call.get("/api/v1/jobs" + query));
    return successful(reply, fields -> RestJson.page(fields, RestJson::jobView));
  }

  /**
   * Asks that a job be cancelled; a finished one is left as it is. Nothing when there is none of
   * that id. The job ends a moment later.
   */
  public Optional<JobView> cancel(JobId id) throws MayflyException, InterruptedException {
    return optional(send("POST", "/api/v1/jobs/" + id + "/cancel", null), RestJson::jobView);
  }

  /** Why a job waits, if it does. */
  public WhyWaiting whyWaiting(JobId id) throws MayflyException, InterruptedException {
    Reply reply = calls.send(Call.get("/api/v1/jobs/" + id + "/explanation"));
    if (reply.status() == 404 || reply.status() == 409) {
      MayflyException failure = calls.failure(reply);
      if (failure instanceof MayflyProblem) {
        return reply.status() == 404 ? new WhyWaiting.NoSuchJob() : new WhyWaiting.DoesNotWait();
      }
      throw failure;
    }
    return new WhyWaiting.Waits(successful(reply, RestJson::explanationView));
  }

  /** Every attempt of a job so far, by number; nothing when there is no job of that id. */
  public Optional<List<AttemptView>> attempts(JobId id)
      throws MayflyException, InterruptedException {
    Reply reply = calls.send(Call.get("/api/v1/jobs/" + id + "/attempts"));
    return optional(reply, fields -> RestJson.page(fields, RestJson::attemptView).items());
  }

  /**
   * Reads a range of a job's log.
   *
   * @param streams empty for all that users see
   * @param cursor where to start; null for the beginning
   * @param limit most bytes, 1 to {@value #MAX_SLICE_BYTES}
   */
  public LogSlice log(JobId id, Set<LogStream> streams, @Nullable String cursor, int limit)
      throws MayflyException, InterruptedException {
    return log(id, null, streams, cursor, limit);
  }

  /**
   * Reads a range of the log of one attempt.
   *
   * @param attempt its number; null for the last one and those that follow
   */
  public LogSlice log(
      JobId id,
      @Nullable Integer attempt,
      Set<LogStream> streams,
      @Nullable String cursor,
      int limit)
      throws MayflyException, InterruptedException {
    String query =
        new Query()
            .add("attempt", attempt == null ? null : attempt.toString())
            .add("stream", streamNames(streams))
            .add("cursor", cursor)
            .add("limit", Integer.toString(limit))
            .text();
    Reply reply =
        calls.send(
            new Call(
                "GET",
                "/api/v1/jobs/" + id + "/log" + query,
                Map.of("Accept", "application/octet-stream, " + PROBLEM),
                null,
                true,
                Calls.MAX_TRIES));
    if (reply.status() != 200) {
      throw calls.failure(reply);
    }
    String next = reply.headers().get("Mayfly-Next-Cursor");
    String complete = reply.headers().get("Mayfly-Log-Complete");
    if (next == null || complete == null) {
      throw calls.unexpected("a log without Mayfly-Next-Cursor and Mayfly-Log-Complete", null);
    }
    return new LogSlice(reply.body(), next, complete.equalsIgnoreCase("true"));
  }

  /**
   * Hands a job's log to the sink, live, until the job ends. Reconnects by itself and resumes where
   * it was, so that the sink gets every piece once; gives up when the orchestrator stays away
   * longer than {@link Timeouts#patience()}. Blocks; memory is bounded by one piece.
   *
   * @throws IOException what the sink threw, unchanged
   */
  public FollowEnd follow(FollowRequest request, LogSink sink)
      throws IOException, InterruptedException {
    return follower.follow(request, sink);
  }

  /** All workers. */
  public List<WorkerView> workers() throws MayflyException, InterruptedException {
    return allPages("/api/v1/workers", FleetJson::workerView);
  }

  /** All images. */
  public List<ImageView> images() throws MayflyException, InterruptedException {
    return allPages("/api/v1/images", ImageJson::imageView);
  }

  /** What an image name points to, or nothing when it is not known. */
  public Optional<ImageView> image(ImageRef name) throws MayflyException, InterruptedException {
    return optional(calls.send(Call.get(imageTarget(name))), ImageJson::imageView);
  }

  /** Lets an image name point to a bundle. */
  public Publication publish(ImageRef name, ImagePublication publication)
      throws MayflyException, InterruptedException {
    Reply reply = send("PUT", imageTarget(name), ImageJson.of(publication));
    if (reply.status() == 200 || reply.status() == 201) {
      return new Publication.Published(calls.document(reply, ImageJson::imageView));
    }
    MayflyException failure = calls.failure(reply);
    if (failure instanceof MayflyProblem problem && isRefusal(reply.status())) {
      return new Publication.Refused(problem.problem());
    }
    throw failure;
  }

  /** Returns when the orchestrator says that it is up; sends no token, tries once. */
  public void checkHealth() throws MayflyException, InterruptedException {
    Reply reply =
        calls.send(new Call("GET", "/api/v1/health", Map.of("Accept", Calls.JSON), null, false, 1));
    String status = successful(reply, fields -> fields.text("status"));
    if (!status.equals("UP")) {
      throw calls.unreachable(new IOException("it says that it is " + status));
    }
  }

  /** Builds of images on workers. */
  public ImageBuildClient imageBuildClient() {
    return new ImageBuildClient(this, calls);
  }

  /** Blobs, bundles, the history and the policies of image names. */
  public ImageClient imageClient() {
    return new ImageClient(this, calls, time);
  }

  /** Workers one by one, projects, limits and worker pools. */
  public FleetClient fleet() {
    return new FleetClient(this, calls);
  }

  /** Sends what may be repeated; null for no body. */
  Reply send(String method, String target, @Nullable JsonValue body)
      throws MayflyException, InterruptedException {
    byte[] bytes = body == null ? new byte[0] : JsonWriter.writeUtf8(body);
    return calls.send(new Call(method, target, SENDS_JSON, bytes, true, Calls.MAX_TRIES));
  }

  static boolean isRefusal(int status) {
    return status == 400 || status == 409 || status == 413 || status == 415 || status == 422;
  }

  private static String imageTarget(ImageRef name) {
    return ImageClient.target("images", name);
  }

  <T> T successful(Reply reply, JsonFields.Mapping<T> mapping) throws MayflyException {
    if (reply.status() < 200 || reply.status() > 299) {
      throw calls.failure(reply);
    }
    return calls.document(reply, mapping);
  }

  <T> Optional<T> optional(Reply reply, JsonFields.Mapping<T> mapping) throws MayflyException {
    // A 404 that is no problem+json comes from something else, say a proxy, and is not an answer.
    if (reply.status() == 404 && calls.failure(reply) instanceof MayflyProblem) {
      return Optional.empty();
    }
    return Optional.of(successful(reply, mapping));
  }

  <T> List<T> allPages(String path, JsonFields.Mapping<T> mapping)
      throws MayflyException, InterruptedException {
    return allPages(path, new Query(), mapping);
  }

  <T> List<T> allPages(String path, Query query, JsonFields.Mapping<T> mapping)
      throws MayflyException, InterruptedException {
    List<T> all = new ArrayList<>();
    String cursor = null;
    for (int pages = 0; pages < MAX_PAGES; pages++) {
      Reply reply = calls.send(Call.get(path + query.and("cursor", cursor).text()));
      Page<T> page = successful(reply, fields -> RestJson.page(fields, mapping));
      all.addAll(page.items());
      cursor = page.next();
      if (cursor == null) {
        return all;
      }
    }
    throw calls.unexpected("more than " + MAX_PAGES + " pages at " + path, null);
  }

  /** Workers and images are hundreds; a server that never stops paging is broken. */
  private static final int MAX_PAGES = 1000;

  static @Nullable String streamNames(Set<LogStream> streams) {
    if (streams.isEmpty()) {
      return null;
    }
    StringJoiner names = new StringJoiner(",");
    new TreeSet<>(streams).forEach(stream -> names.add(stream.name()));
    return names.toString();
  }

  /** Builds a query string; a null value leaves the parameter out. */
  static final class Query {
    private final StringBuilder text = new StringBuilder();

    Query add(String name, @Nullable String value) {
      if (value != null) {
        text.append(text.isEmpty() ? '?' : '&')
            .append(name)
            .append('=')
            .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
      }
      return this;
    }

    /** Another one with that parameter in addition. */
    Query and(String name, @Nullable String value) {
      Query more = new Query();
      more.text.append(text);
      return more.add(name, value);
    }

    String text() {
      return text.toString();
    }
  }
}
