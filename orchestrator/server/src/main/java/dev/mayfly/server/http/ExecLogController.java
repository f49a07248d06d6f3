package dev.mayfly.server.http;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.core.exec.Exec;
import dev.mayfly.core.exec.ExecStore;
import dev.mayfly.core.log.LogCursor;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.server.logs.LogFeed;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The output of one exec: the log with {@code ?exec=N}, as a range of bytes or live. */
@RestController
@RequestMapping("/api/v1/jobs/{id}/log")
@Tag(name = "sessions")
class ExecLogController {
  private static final int MAX_LIMIT = 4 * LogRanges.MIB;

  private static final int MAX_CHUNKS = 10_000;

  private final ExecStore execs;
  private final LogStore logs;
  private final LogFeed feed;
  private final ExecStreams streams;
  private final InstantSource clock;
  private final LogRanges ranges;

  ExecLogController(
      ExecStore execs,
      LogStore logs,
      LogFeed feed,
      ExecStreams streams,
      InstantSource clock,
      LogRanges ranges) {
    this.execs = execs;
    this.logs = logs;
    this.feed = feed;
    this.streams = streams;
    this.clock = clock;
    this.ranges = ranges;
  }

  @GetMapping(params = "exec")
  @Operation(
      // In the description it is readLog's parameter: a path has one operation there.
      hidden = true,
      operationId = "readExecLog",
      summary = "Read a range of one exec's output",
      description =
          "As readLog; Mayfly-Log-Complete is true when the exec ended and nothing follows.")
  void range(
      @PathVariable("id") String id,
      @RequestParam(name = "exec") String exec,
      @RequestParam(name = "stream", required = false) @Nullable String stream,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor,
      @RequestParam(name = "limit", required = false) @Nullable Integer limit,
      HttpServletResponse response)
      throws IOException, InterruptedException {
    Set<LogStream> wanted = streams(stream);
    int most = Parameters.limit(limit, MAX_LIMIT, MAX_LIMIT);
    JobId job = JobController.id(id);
    Exec found = ExecController.find(execs, job, exec);
    LogCursor from = cursor(found, "cursor", cursor);
    ranges.within(
        most,
        () -> {
          LogStore.Slice slice =
              logs.read(
                  job, from, new LogStore.Selection(wanted, found.number()), most, MAX_CHUNKS);
          LogRanges.send(response, slice, slice.next(), ExecStreams.complete(found, slice, clock));
        });
  }

  @GetMapping(path = "/events", params = "exec")
  @Operation(
      hidden = true,
      operationId = "followExecLog",
      summary = "Follow one exec's output as server-sent events",
      description = "As followLog; at the end 'end' with the ExecView.")
  void follow(
      @PathVariable("id") String id,
      @RequestParam(name = "exec") String exec,
      @RequestParam(name = "stream", required = false) @Nullable String stream,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor,
      @RequestHeader(name = "Last-Event-ID", required = false) @Nullable String lastEvent,
      HttpServletResponse response)
      throws IOException, InterruptedException {
    Set<LogStream> wanted = streams(stream);
    JobId job = JobController.id(id);
    Exec found = ExecController.find(execs, job, exec);
    LogCursor from =
        lastEvent == null
            ? cursor(found, "cursor", cursor)
            : cursor(found, "Last-Event-ID", lastEvent);
    try (LogFeed.Follower follower =
        feed.follow(job).orElseThrow(() -> Problems.busy("Too many logs are being followed."))) {
      streams.send(found, from, wanted, follower, response);
    }
  }

  private static LogCursor cursor(Exec exec, String name, @Nullable String text) {
    if (text == null) {
      return ExecStreams.start(exec);
    }
    return LogCursor.parse(text)
        .filter(cursor -> cursor.attempt() == exec.attempt())
        .orElseThrow(() ->
            new RefusedRequestException(
                Problems.badParameter(name, "is not a cursor that this exec's log has answered")));
  }

  /** A download's files are not among the output: they are fetched where it was asked for. */
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
