package dev.mayfly.server.http;

import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.LogEvent;
import dev.mayfly.core.exec.Exec;
import dev.mayfly.core.exec.ExecState;
import dev.mayfly.core.exec.ExecStore;
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
 * Sends one exec's output as server-sent events, on the request's own virtual thread, until the
 * exec has ended and its output is complete, or the client hangs up.
 */
class ExecStreams {

  /** Behind the wake-ups, in case one is lost. */
  static final Duration POLL = Duration.ofSeconds(1);

  private static final Duration KEEP_ALIVE = Duration.ofSeconds(15);

  /** Read from the store at once, per follower. */
  static final int SLICE_BYTES = 256 * 1024;

  static final int SLICE_CHUNKS = 1024;

  private final ExecStore execs;
  private final LogStore logs;
  private final JsonMapper json;
  private final InstantSource clock;

  ExecStreams(ExecStore execs, LogStore logs, JsonMapper json, InstantSource clock) {
    this.execs = execs;
    this.logs = logs;
    this.json = json;
    this.clock = clock;
  }

  /** Where the exec's output begins. */
  static LogCursor start(Exec exec) {
    return new LogCursor(exec.attempt(), exec.logFrom() + 1, 0);
  }

  /** Whether the exec ended and nothing follows the slice; the exec as read before the slice. */
  static boolean complete(Exec exec, LogStore.Slice slice, InstantSource clock) {
    return exec.state() instanceof ExecState.Ended ended
        && (slice.next().sequence() > ended.logChunks()
            || (slice.pieces().isEmpty() && givenUp(ended, clock)));
  }

  /** A worker that vanished with the rest of the log never sends it. */
  static boolean givenUp(ExecState.Ended ended, InstantSource clock) {
    return ended.at().plus(AttemptLogs.REST_OF_LOG_WAIT).isBefore(clock.instant());
  }

  void send(
      Exec exec,
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
    LogStore.Selection selection = new LogStore.Selection(streams, exec.number());
    LogCursor cursor = from;
    long lastWrite = System.nanoTime();
    boolean running = true;
    while (running) {
      Optional<Exec> now = execs.find(exec.job(), exec.number());
      if (now.isEmpty()) {
        return;
      }
      LogStore.Slice slice = logs.read(exec.job(), cursor, selection, SLICE_BYTES, SLICE_CHUNKS);
      for (LogStore.Piece piece : slice.pieces()) {
        write(out, piece);
      }
      boolean advanced = !slice.next().equals(cursor);
      cursor = slice.next();
      if (complete(now.get(), slice, clock)) {
        event(out, "end", "data: " + json.writeValueAsString(ExecViews.view(now.get())));
        response.flushBuffer();
        return;
      }
      boolean silent = System.nanoTime() - lastWrite > KEEP_ALIVE.toNanos();
      if (slice.pieces().isEmpty() && silent) {
        out.write(": keep-alive\n\n".getBytes(StandardCharsets.UTF_8));
      }
      if (!slice.pieces().isEmpty() || silent) {
        response.flushBuffer();
        lastWrite = System.nanoTime();
      }
      running = follower.await(advanced ? Duration.ZERO : POLL);
    }
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
