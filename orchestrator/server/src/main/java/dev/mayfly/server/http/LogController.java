package dev.mayfly.server.http;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.LogEvent;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.log.LogCursor;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.server.logs.LogFeed;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.headers.Header;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Logs: a range of bytes, or live. */
@RestController
@RequestMapping("/api/v1/jobs/{id}/log")
@Tag(name = "logs")
class LogController {
  private static final int MIB = 1024 * 1024;
  private static final int MAX_LIMIT = 16 * MIB;
  private static final int DEFAULT_LIMIT = 4 * MIB;

  /** A range is held in memory until it is sent; so much of it at once, over all requests. */
  private static final int MAX_MIB_IN_MEMORY = 48;

  private static final Duration MEMORY_WAIT = Duration.ofSeconds(30);

  /** A chunk costs about 100 bytes besides its data; so many of one byte are still small. */
  private static final int MAX_CHUNKS = 50_000;

  /** A worker that ended an attempt and then vanished never sends the rest of its log. */
  static final Duration REST_OF_LOG_WAIT = Duration.ofSeconds(60);

  private final JobStore jobs;
  private final LogStore logs;
  private final LogFeed feed;
  private final EventStreams events;
  private final InstantSource clock;
  private final Semaphore memory = new Semaphore(MAX_MIB_IN_MEMORY, true);

  LogController(
      JobStore jobs, LogStore logs, LogFeed feed, EventStreams events, InstantSource clock) {
    this.jobs = jobs;
    this.logs = logs;
    this.feed = feed;
    this.events = events;
    this.clock = clock;
  }

  @GetMapping
  @Operation(operationId = "readLog", summary = "Read a range of a job's log")
  @ApiResponse(
      responseCode = "200",
      description = "The bytes as they came.",
      headers = {
        @Header(name = "Mayfly-Next-Cursor", description = "Where to continue."),
        @Header(
            name = "Mayfly-Log-Complete",
            description = "true: the job ended and nothing follows; else false.")
      },
      content =
          @Content(
              mediaType = MediaType.APPLICATION_OCTET_STREAM_VALUE,
              schema = @Schema(type = "string", format = "binary")))
  void range(
      @PathVariable("id") String id,
      @RequestParam(name = "stream", required = false) @Nullable String stream,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor,
      @RequestParam(name = "limit", required = false) @Nullable Integer limit,
      HttpServletResponse response)
      throws IOException, InterruptedException {
    Set<LogStream> streams = streams(stream);
    int most = Parameters.limit(limit, MAX_LIMIT, DEFAULT_LIMIT);
    Job job = JobController.find(jobs, id);
    LogCursor from = cursor(job, "cursor", cursor);
    refuseWhatIsRemoved(job);
    int mib = Math.ceilDiv(most, MIB);
    if (!memory.tryAcquire(mib, MEMORY_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
      throw busy("Too many logs are being read.");
    }
    try {
      LogStore.Slice slice = logs.read(job.id(), from, streams, most, MAX_CHUNKS);
      response.setContentType(MediaType.APPLICATION_OCTET_STREAM_VALUE);
      response.setContentLength(
          slice.pieces().stream().mapToInt(piece -> piece.chunk().size()).sum());
      response.setHeader("Mayfly-Next-Cursor", slice.next().toString());
      response.setHeader(
          "Mayfly-Log-Complete", Boolean.toString(complete(job, slice.next(), clock)));
      for (LogStore.Piece piece : slice.pieces()) {
        response.getOutputStream().write(piece.chunk().bytes());
      }
    } finally {
      memory.release(mib);
    }
  }

  @GetMapping("/events")
  @Operation(operationId = "followLog", summary = "Follow a job's log as server-sent events")
  @ApiResponse(
      responseCode = "200",
      description =
          "Events 'log' with a LogEvent each, its cursor as id; at the end 'end' with the JobView.",
      content =
          @Content(
              mediaType = MediaType.TEXT_EVENT_STREAM_VALUE,
              schema = @Schema(implementation = LogEvent.class)))
  void follow(
      @PathVariable("id") String id,
      @RequestParam(name = "stream", required = false) @Nullable String stream,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor,
      @RequestHeader(name = "Last-Event-ID", required = false) @Nullable String lastEvent,
      HttpServletResponse response)
      throws IOException, InterruptedException {
    Set<LogStream> streams = streams(stream);
    Job job = JobController.find(jobs, id);
    LogCursor from =
        lastEvent == null ? cursor(job, "cursor", cursor) : cursor(job, "Last-Event-ID", lastEvent);
    refuseWhatIsRemoved(job);
    JobId jobId = job.id();
    try (LogFeed.Follower follower =
        feed.follow(jobId).orElseThrow(() -> busy("Too many logs are being followed."))) {
      events.send(jobId, from, streams, follower, response);
    }
  }

  private static RefusedRequestException busy(String title) {
    return new RefusedRequestException(
        Problems.of(HttpStatus.SERVICE_UNAVAILABLE, "busy", title, "Try again in a moment."));
  }

  /** Whether the job ended and nothing follows the cursor; the job as read before the log. */
  static boolean complete(Job job, LogCursor next, InstantSource clock) {
    if (!(job.progress() instanceof JobProgress.Finished)) {
      return false;
    }
    Attempt attempt = job.attempt();
    if (attempt == null) {
      return true;
    }
    boolean allRead =
        next.attempt() == attempt.id().number() && next.sequence() > attempt.log().chunks();
    return allRead && (attempt.logComplete() || restGivenUp(attempt, clock));
  }

  private static boolean restGivenUp(Attempt attempt, InstantSource clock) {
    return attempt.state() instanceof AttemptState.Finished finished
        && finished.at().plus(REST_OF_LOG_WAIT).isBefore(clock.instant());
  }

  private static void refuseWhatIsRemoved(Job job) {
    Attempt attempt = job.attempt();
    if (attempt != null && attempt.log().removedAt() != null) {
      throw new RefusedRequestException(
          Problems.of(
              HttpStatus.GONE, "log-removed", "The log is older than logs are kept.", null));
    }
  }

  private static LogCursor cursor(Job job, String name, @Nullable String text) {
    if (text == null) {
      return LogCursor.startOf(Math.max(1, job.attempts()));
    }
    return LogCursor.parse(text)
        .filter(cursor -> cursor.attempt() <= Math.max(1, job.attempts()))
        .orElseThrow(() ->
            new RefusedRequestException(
                Problems.badParameter(name, "is not a cursor that this log has answered")));
  }

  private static Set<LogStream> streams(@Nullable String names) {
    if (names == null) {
      return EnumSet.of(LogStream.STDOUT, LogStream.STDERR, LogStream.SYSTEM);
    }
    EnumSet<LogStream> streams = EnumSet.noneOf(LogStream.class);
    for (String name : names.split(",", -1)) {
      streams.add(Parameters.oneOf("stream", LogStream.class, name));
    }
    return streams;
  }
}
