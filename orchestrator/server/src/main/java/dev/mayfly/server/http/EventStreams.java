package dev.mayfly.server.http;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.LogEvent;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.log.LogChunk;
import dev.mayfly.core.log.LogCursor;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.server.logs.LogFeed;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.json.JsonMapper;

/**
 * Sends a log as server-sent events, on the request's own virtual thread, until the log is complete
 * or the client hangs up. A slow client slows only its own reading of the store.
 */
class EventStreams {

  /** Behind the wake-ups, in case one is lost or another orchestrator took the chunk. */
  private static final Duration POLL = Duration.ofSeconds(1);

  private static final Duration KEEP_ALIVE = Duration.ofSeconds(15);

  /** Read from the store at once, per follower. */
  private static final int SLICE_BYTES = 256 * 1024;

  private static final int SLICE_CHUNKS = 1024;

  private final JobStore jobs;
  private final LogStore logs;
  private final JobViews views;
  private final JsonMapper json;
  private final InstantSource clock;

  EventStreams(JobStore jobs, LogStore logs, JobViews views, JsonMapper json, InstantSource clock) {
    this.jobs = jobs;
    this.logs = logs;
    this.views = views;
    this.json = json;
    this.clock = clock;
  }

  /**
   * What one follower wants.
   *
   * @param from where to begin
   * @param attempt the only one that is wanted; null: that of the cursor and those that follow
   */
  record Wanted(LogCursor from, @Nullable Integer attempt, Set<LogStream> streams) {}

  void send(JobId id, Wanted wanted, LogFeed.Follower follower, HttpServletResponse response)
      throws IOException, InterruptedException {
    response.setContentType("text/event-stream;charset=UTF-8");
    response.setHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    // Proxies of the nginx kind hold answers back otherwise.
    response.setHeader("X-Accel-Buffering", "no");
    OutputStream out = response.getOutputStream();
    response.flushBuffer();
    LogCursor cursor = wanted.from();
    long lastWrite = System.nanoTime();
    boolean running = true;
    while (running) {
      Optional<Job> found = jobs.find(id);
      if (found.isEmpty()) {
        return;
      }
      Job job = found.get();
      Attempt attempt = AttemptLogs.attempt(jobs, job, cursor.attempt()).orElse(null);
      LogStore.Slice slice = logs.read(id, cursor, wanted.streams(), SLICE_BYTES, SLICE_CHUNKS);
      for (LogStore.Piece piece : slice.pieces()) {
        write(out, piece);
      }
      if (!slice.pieces().isEmpty()) {
        response.flushBuffer();
        lastWrite = System.nanoTime();
      }
      boolean advanced = !slice.next().equals(cursor);
      cursor = slice.next();
      boolean read = AttemptLogs.read(attempt, cursor, clock.instant());
      if (wanted.attempt() == null ? AttemptLogs.complete(job, cursor, read) : read) {
        event(out, "end", "data: " + json.writeValueAsString(views.job(job)));
        response.flushBuffer();
        return;
      }
      if (read && attempt != null) {
        cursor = LogCursor.startOf(cursor.attempt() + 1);
        sayThatItIsTriedAgain(out, wanted, attempt, cursor);
        response.flushBuffer();
        advanced = true;
      }
      if (System.nanoTime() - lastWrite > KEEP_ALIVE.toNanos()) {
        out.write(": keep-alive\n\n".getBytes(StandardCharsets.UTF_8));
        response.flushBuffer();
        lastWrite = System.nanoTime();
      }
      running = follower.await(advanced ? Duration.ZERO : POLL);
    }
  }

  /** A line of ours that is in no attempt's log; its cursor is the beginning of the next one. */
  private void sayThatItIsTriedAgain(OutputStream out, Wanted wanted, Attempt ended, LogCursor next)
      throws IOException {
    Optional<String> line = AttemptLogs.betweenAttempts(ended);
    if (line.isPresent() && wanted.streams().contains(LogStream.SYSTEM)) {
      write(out, next, LogStream.SYSTEM, clock.instant(), utf8(line.get()));
    }
  }

  private void write(OutputStream out, LogStore.Piece piece) throws IOException {
    LogChunk chunk = piece.chunk();
    write(out, piece.next(), chunk.stream(), chunk.at(), chunk.bytes());
  }

  private void write(OutputStream out, LogCursor next, LogStream stream, Instant at, byte[] bytes)
      throws IOException {
    LogEvent event =
        new LogEvent(
            next.toString(),
            stream.name(),
            Views.time(at),
            Base64.getEncoder().encodeToString(bytes));
    event(out, "log", "id: " + event.cursor() + "\ndata: " + json.writeValueAsString(event));
  }

  private static void event(OutputStream out, String name, String rest) throws IOException {
    out.write(utf8("event: " + name + "\n" + rest + "\n\n"));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
