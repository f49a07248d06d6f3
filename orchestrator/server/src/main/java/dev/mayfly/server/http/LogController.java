package dev.mayfly.server.http;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.LogEvent;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.log.LogCursor;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.server.logs.LogFeed;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.enums.ParameterIn;
import io.swagger.v3.oas.annotations.headers.Header;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
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
  private static final int MAX_LIMIT = 16 * LogRanges.MIB;
  private static final int DEFAULT_LIMIT = 4 * LogRanges.MIB;

  /** A chunk costs about 100 bytes besides its data; so many of one byte are still small. */
  private static final int MAX_CHUNKS = 50_000;

  private final JobStore jobs;
  private final LogStore logs;
  private final LogFeed feed;
  private final EventStreams events;
  private final InstantSource clock;
  private final LogRanges ranges;

  LogController(
      JobStore jobs,
      LogStore logs,
      LogFeed feed,
      EventStreams events,
      InstantSource clock,
      LogRanges ranges) {
    this.jobs = jobs;
    this.logs = logs;
    this.feed = feed;
    this.events = events;
    this.clock = clock;
    this.ranges = ranges;
  }

  @Parameter(
      name = "exec",
      in = ParameterIn.QUERY,
      description = "only the output of the session's exec of that number",
      schema = @Schema(type = "integer", minimum = "1"))
  @GetMapping
  @Operation(operationId = "readLog", summary = "Read a range of a job's log")
  @ApiResponse(
      responseCode = "200",
      description = "The bytes as they came.",
      headers = {
        @Header(name = "Mayfly-Next-Cursor", description = "Where to continue."),
        @Header(
            name = "Mayfly-Log-Complete",
            description =
                "true: the job, or the attempt that was asked for, ended and nothing follows; else"
                    + " false.")
      },
      content =
          @Content(
              mediaType = MediaType.APPLICATION_OCTET_STREAM_VALUE,
              schema = @Schema(type = "string", format = "binary")))
  void range(
      @PathVariable("id") String id,
      @RequestParam(name = "attempt", required = false) @Nullable Integer attempt,
      @RequestParam(name = "stream", required = false) @Nullable String stream,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor,
      @RequestParam(name = "limit", required = false) @Nullable Integer limit,
      HttpServletResponse response)
      throws IOException, InterruptedException {
    Set<LogStream> streams = streams(stream);
    int most = Parameters.limit(limit, MAX_LIMIT, DEFAULT_LIMIT);
    Job job = JobController.find(jobs, id);
    LogCursor from = cursor(job, attempt, "cursor", cursor);
    Attempt of = attempt(job, from).orElse(null);
    ranges.within(
        most,
        () -> {
          LogStore.Slice slice = logs.read(job.id(), from, streams, most, MAX_CHUNKS);
          boolean read = AttemptLogs.read(of, slice.next(), clock.instant());
          boolean complete = attempt == null ? AttemptLogs.complete(job, slice.next(), read) : read;
          LogCursor next =
              read && !complete ? LogCursor.startOf(slice.next().attempt() + 1) : slice.next();
          LogRanges.send(response, slice, next, complete);
        });
  }

  @Parameter(
      name = "exec",
      in = ParameterIn.QUERY,
      description = "only the output of the session's exec of that number",
      schema = @Schema(type = "integer", minimum = "1"))
  @GetMapping("/events")
  @Operation(operationId = "followLog", summary = "Follow a job's log as server-sent events")
  @ApiResponse(
      responseCode = "200",
      description =
          "Events 'log' with a LogEvent each, its cursor as id; a SYSTEM line between two attempts; at"
              + " the end 'end' with the JobView.",
      content =
          @Content(
              mediaType = MediaType.TEXT_EVENT_STREAM_VALUE,
              schema = @Schema(implementation = LogEvent.class)))
  void follow(
      @PathVariable("id") String id,
      @RequestParam(name = "attempt", required = false) @Nullable Integer attempt,
      @RequestParam(name = "stream", required = false) @Nullable String stream,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor,
      @RequestHeader(name = "Last-Event-ID", required = false) @Nullable String lastEvent,
      HttpServletResponse response)
      throws IOException, InterruptedException {
    Set<LogStream> streams = streams(stream);
    Job job = JobController.find(jobs, id);
    LogCursor from =
        lastEvent == null
            ? cursor(job, attempt, "cursor", cursor)
            : cursor(job, attempt, "Last-Event-ID", lastEvent);
    attempt(job, from);
    JobId jobId = job.id();
    try (LogFeed.Follower follower =
        feed.follow(jobId).orElseThrow(() -> Problems.busy("Too many logs are being followed."))) {
      events.send(jobId, new EventStreams.Wanted(from, attempt, streams), follower, response);
    }
  }

  private Optional<Attempt> attempt(Job job, LogCursor from) {
    Optional<Attempt> attempt = AttemptLogs.attempt(jobs, job, from.attempt());
    if (attempt.isPresent() && attempt.get().log().removedAt() != null) {
      throw new RefusedRequestException(
          Problems.of(
              HttpStatus.GONE, "log-removed", "The log is older than logs are kept.", null));
    }
    return attempt;
  }

  /**
   * Where to read from.
   *
   * @param attempt the only one that is wanted; null: the last one and those that follow
   */
  private static LogCursor cursor(
      Job job, @Nullable Integer attempt, String name, @Nullable String text) {
    if (attempt != null && (attempt < 1 || attempt > job.attempts())) {
      throw new RefusedRequestException(Problems.notFound("attempt"));
    }
    if (text == null) {
      return LogCursor.startOf(attempt == null ? Math.max(1, job.attempts()) : attempt);
    }
    return LogCursor.parse(text)
        // Whoever has read an attempt to its end is sent on to the next before there is one.
        .filter(cursor -> cursor.attempt() <= job.attempts() + 1)
        .filter(cursor -> attempt == null || cursor.attempt() == attempt)
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
