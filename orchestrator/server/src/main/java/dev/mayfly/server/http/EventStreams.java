package dev.mayfly.server.http;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.LogEvent;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.log.LogCursor;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.server.logs.LogFeed;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
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
  private final Views views;
  private final JsonMapper json;
  private final InstantSource clock;

  EventStreams(JobStore jobs, LogStore logs, Views views, JsonMapper json, InstantSource clock) {
    this.jobs = jobs;
    this.logs = logs;
    this.views = views;
    this.json = json;
    this.clock = clock;
  }

  void send(
      JobId id,
      LogCursor from,
      Set<LogStream> streams,
      LogFeed.Follower follower,
      HttpServletResponse response)
      throws IOException, InterruptedException {
    response.setContentType("text/event-stream;charset=UTF-8");
    response.setHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    // Proxies of the nginx kind hold answers back otherwise.
    response.setHeader("X-Accel-Buffering", "no");
    OutputStream out = response.getOutputStream();
    response.flushBuffer();
    LogCursor cursor = from;
    long lastWrite = System.nanoTime();
    boolean running = true;
    while (running) {
      Optional<Job> job = jobs.find(id);
      if (job.isEmpty()) {
        return;
      }
      if (cursor.attempt() < job.get().attempts()) {
        cursor = nextAttempt(id, cursor, streams, job.get());
      }
      LogStore.Slice slice = logs.read(id, cursor, streams, SLICE_BYTES, SLICE_CHUNKS);
      for (LogStore.Piece piece : slice.pieces()) {
        write(out, piece);
      }
      if (!slice.pieces().isEmpty()) {
        response.flushBuffer();
        lastWrite = System.nanoTime();
      }
      boolean advanced = !slice.next().equals(cursor);
      cursor = slice.next();
      if (LogController.complete(job.get(), cursor, clock)) {
        event(out, "end", "data: " + json.writeValueAsString(views.job(job.get())));
        response.flushBuffer();
        return;
      }
      if (System.nanoTime() - lastWrite > KEEP_ALIVE.toNanos()) {
        out.write(": keep-alive\n\n".getBytes(StandardCharsets.UTF_8));
        response.flushBuffer();
        lastWrite = System.nanoTime();
      }
      running = follower.await(advanced ? Duration.ZERO : POLL);
    }
  }

  /** An attempt that was retried: what is left of its log first, then that of the next one. */
  private LogCursor nextAttempt(JobId id, LogCursor cursor, Set<LogStream> streams, Job job) {
    boolean more = !logs.read(id, cursor, streams, 1, 1).pieces().isEmpty();
    return more ? cursor : LogCursor.startOf(Math.min(cursor.attempt() + 1, job.attempts()));
  }

  private void write(OutputStream out, LogStore.Piece piece) throws IOException {
    LogEvent event =
        new LogEvent(
            piece.next().toString(),
            piece.chunk().stream().name(),
            Views.time(piece.chunk().at()),
            Base64.getEncoder().encodeToString(piece.chunk().bytes()));
    event(out, "log", "id: " + event.cursor() + "\ndata: " + json.writeValueAsString(event));
  }

  private static void event(OutputStream out, String name, String rest) throws IOException {
    out.write(("event: " + name + "\n" + rest + "\n\n").getBytes(StandardCharsets.UTF_8));
  }
}
