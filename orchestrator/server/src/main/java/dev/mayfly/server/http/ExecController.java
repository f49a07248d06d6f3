package dev.mayfly.server.http;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.ExecRequest;
import dev.mayfly.api.rest.ExecView;
import dev.mayfly.api.rest.InputAnswer;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.SignalRequest;
import dev.mayfly.core.exec.Exec;
import dev.mayfly.core.exec.ExecNudges;
import dev.mayfly.core.exec.ExecStore;
import dev.mayfly.core.exec.ExecStore.Written;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.server.logs.LogFeed;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Execs of a session: open, look, write to, signal. */
@RestController
@RequestMapping("/api/v1/jobs/{id}/execs")
@Tag(name = "sessions")
class ExecController {
  private static final int DEFAULT_LIMIT = 50;
  private static final int MAX_LIMIT = 200;

  /** How long a full input is waited for before the front end is sent away for a second. */
  private static final Duration ROOM_WAIT = Duration.ofSeconds(2);

  static final String INPUT_OFFSET = "Mayfly-Input-Offset";

  private final JobStore jobs;
  private final ExecStore execs;
  private final ExecNudges nudges;
  private final LogFeed feed;
  private final InstantSource clock;

  ExecController(
      JobStore jobs, ExecStore execs, ExecNudges nudges, LogFeed feed, InstantSource clock) {
    this.jobs = jobs;
    this.execs = execs;
    this.nudges = nudges;
    this.feed = feed;
    this.clock = clock;
  }

  @PostMapping(consumes = "application/json")
  @Operation(
      operationId = "openExec",
      summary = "Start a command in a session",
      description =
          "201; 200 when the same Idempotency-Key came before with the same request. 409"
              + " not-running until the microVM is ready; 409 session-ended after that; 429 when too"
              + " many are open.")
  ResponseEntity<ExecView> open(
      @PathVariable("id") String id,
      @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
      @RequestBody ExecRequest body) {
    CheckedExecRequest request = ExecRequestCheck.check(body);
    if (key != null && !IdempotencyKey.valid(key)) {
      throw new RefusedRequestException(
          Problems.badParameter(
              "Idempotency-Key",
              "must be 1 to " + IdempotencyKey.MAX_LENGTH + " printable ASCII characters"));
    }
    ExecStore.Opening opening =
        execs.open(
            JobController.id(id),
            request.spec(),
            key == null ? null : new IdempotencyKey(key, request.fingerprint()),
            clock.instant());
    Exec exec = ExecProblems.opened(opening);
    URI location = URI.create("/api/v1/jobs/" + exec.job() + "/execs/" + exec.number());
    if (opening instanceof ExecStore.Opening.Repeated) {
      return ResponseEntity.ok().location(location).body(ExecViews.view(exec));
    }
    nudges.execs();
    return ResponseEntity.created(location).body(ExecViews.view(exec));
  }

  @GetMapping
  @Operation(operationId = "listExecs", summary = "List the execs of a session, by number")
  Page<ExecView> list(
      @PathVariable("id") String id,
      @RequestParam(name = "limit", required = false) @Nullable Integer limit,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor) {
    JobId job = JobController.find(jobs, id).id();
    int size = Parameters.limit(limit, MAX_LIMIT, DEFAULT_LIMIT);
    List<Exec> found = execs.list(job, cursor == null ? 0 : cursor(cursor), size + 1);
    List<Exec> page = found.subList(0, Math.min(size, found.size()));
    return new Page<>(
        page.stream().map(ExecViews::view).toList(),
        found.size() > size ? Integer.toString(page.getLast().number()) : null);
  }

  private static int cursor(String text) {
    if (!text.matches("[0-9]{1,9}")) {
      throw new RefusedRequestException(
          Problems.badParameter("cursor", "is not a cursor that this list has answered"));
    }
    return Integer.parseInt(text);
  }

  @GetMapping("/{number}")
  @Operation(operationId = "getExec", summary = "Look at an exec")
  ExecView get(@PathVariable("id") String id, @PathVariable("number") String number) {
    return ExecViews.view(find(execs, JobController.id(id), number));
  }

  static Exec find(ExecStore execs, JobId job, String number) {
    return execs.find(job, number(number)).orElseThrow(ExecProblems::noSuchExec);
  }

  /** A text that is no number names no exec either. */
  private static int number(String text) {
    if (!text.matches("[0-9]{1,9}")) {
      throw ExecProblems.noSuchExec();
    }
    return Integer.parseInt(text);
  }

  @PostMapping(path = "/{number}/stdin", consumes = MediaType.APPLICATION_OCTET_STREAM_VALUE)
  @Operation(
      operationId = "writeExecInput",
      summary = "Write to an exec's standard input",
      description =
          "Stores bytes from the offset on; those known already are skipped, so that the call may be"
              + " repeated. The answer's offset is where to continue, perhaps before the end of what"
              + " was sent. 409 wrong-offset when bytes are missing before it, with the offset that"
              + " is due in Mayfly-Input-Offset; 409 input-ended and exec-ended; 429 window-full"
              + " with Retry-After while the process does not read.")
  ResponseEntity<?> write(
      @PathVariable("id") String id,
      @PathVariable("number") String number,
      @RequestParam(name = "offset") long offset,
      @RequestParam(name = "end", required = false) @Nullable Boolean end,
      @RequestBody(required = false) byte @Nullable [] body)
      throws InterruptedException {
    if (offset < 0) {
      throw new RefusedRequestException(Problems.badParameter("offset", "must not be negative"));
    }
    byte[] data = body == null ? new byte[0] : body;
    boolean last = end != null && end;
    JobId job = JobController.id(id);
    return switch (write(job, number(number), offset, data, last)) {
      case Written.Stored(long next, boolean ended) -> {
        nudges.execs();
        yield ResponseEntity.ok()
            .header(INPUT_OFFSET, Long.toString(next))
            .body(new InputAnswer(next, ended));
      }
      case Written.WrongOffset(long expected) ->
          ResponseEntity.status(HttpStatus.CONFLICT)
              .header(INPUT_OFFSET, Long.toString(expected))
              .contentType(MediaType.APPLICATION_PROBLEM_JSON)
              .body(
                  Problems.of(
                      HttpStatus.CONFLICT,
                      "wrong-offset",
                      "Bytes are missing before the offset.",
                      "The next byte is due at offset " + expected + "."));
      case Written.WindowFull _ ->
          ResponseEntity.status(HttpStatus.TOO_MANY_REQUESTS)
              .header(HttpHeaders.RETRY_AFTER, "1")
              .contentType(MediaType.APPLICATION_PROBLEM_JSON)
              .body(
                  Problems.of(
                      HttpStatus.TOO_MANY_REQUESTS,
                      "window-full",
                      "The process has not read what is there for it.",
                      "Send the same bytes again in a moment."));
      case Written.Closed _ ->
          throw ExecProblems.refused(
              HttpStatus.CONFLICT,
              "input-ended",
              "The exec's input has ended.",
              "Nothing can follow its end; an exec opened without stdin has none at all.");
      case Written.ExecEnded _ -> throw ExecProblems.execEnded();
      case Written.NoSuchExec _ -> throw ExecProblems.noSuchExec();
    };
  }

  /** Waits a little for room, so that a steady writer is not sent away with each piece. */
  private Written write(JobId job, int number, long offset, byte[] data, boolean end)
      throws InterruptedException {
    Written written = execs.write(job, number, offset, data, end);
    if (!(written instanceof Written.WindowFull)) {
      return written;
    }
    long deadline = System.nanoTime() + ROOM_WAIT.toNanos();
    try (LogFeed.Follower follower = feed.follow(job).orElse(null)) {
      while (follower != null
          && written instanceof Written.WindowFull
          && follower.await(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())))
          && System.nanoTime() < deadline) {
        written = execs.write(job, number, offset, data, end);
      }
    }
    return written;
  }

  @PostMapping(path = "/{number}/signal", consumes = "application/json")
  @Operation(
      operationId = "signalExec",
      summary = "Send a signal to an exec",
      description = "202; 409 exec-ended when it has ended.")
  ResponseEntity<Void> signal(
      @PathVariable("id") String id,
      @PathVariable("number") String number,
      @RequestBody SignalRequest body) {
    int signal = SignalNames.number(body.signal());
    boolean everything = body.everything() != null && body.everything();
    return switch (execs.signal(JobController.id(id), number(number), signal, everything)) {
      case STORED -> {
        nudges.execs();
        yield ResponseEntity.accepted().build();
      }
      case EXEC_ENDED -> throw ExecProblems.execEnded();
      case NO_SUCH_EXEC -> throw ExecProblems.noSuchExec();
      case TOO_MANY ->
          throw ExecProblems.refused(
              HttpStatus.TOO_MANY_REQUESTS,
              "too-many-signals",
              "The exec was sent too many signals.",
              "It takes " + Exec.MAX_SIGNALS + " in all.");
    };
  }
}
