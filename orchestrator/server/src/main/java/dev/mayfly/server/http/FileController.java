package dev.mayfly.server.http;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.ExecRequest;
import dev.mayfly.api.rest.ExecView;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.core.exec.Exec;
import dev.mayfly.core.exec.ExecNudges;
import dev.mayfly.core.exec.ExecSpec;
import dev.mayfly.core.exec.ExecStore;
import dev.mayfly.server.logs.LogFeed;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Files of a session, as tar streams. */
@RestController
@RequestMapping("/api/v1/jobs/{id}/files")
@Tag(name = "sessions")
class FileController {
  static final String TAR = "application/x-tar";

  /** Its number, for whoever wants to look at how it ended. */
  private static final String EXEC = "Mayfly-Exec";

  /** 16 GiB at 5 MB/s. */
  private static final Duration TIMEOUT = Duration.ofHours(1);

  private final ExecStore execs;
  private final ExecNudges nudges;
  private final LogFeed feed;
  private final Transfers transfers;
  private final InstantSource clock;

  FileController(
      ExecStore execs, ExecNudges nudges, LogFeed feed, Transfers transfers, InstantSource clock) {
    this.execs = execs;
    this.nudges = nudges;
    this.feed = feed;
    this.transfers = transfers;
    this.clock = clock;
  }

  @PutMapping
  @Operation(
      operationId = "uploadFiles",
      summary = "Unpack a tar stream in a session",
      description =
          "The body is the tar stream, unpacked into the directory path, which is made when absent."
              + " The answer comes when all of it is there. limit: most bytes of the stream, 1 GiB"
              + " when absent, 16 GiB at most; 413 beyond it. 409 and 429 as when opening an exec;"
              + " 422 transfer-failed when it is no tar stream.")
  @io.swagger.v3.oas.annotations.parameters.RequestBody(
      required = true,
      content = @Content(mediaType = TAR, schema = @Schema(type = "string", format = "binary")))
  ExecView upload(
      @PathVariable("id") String id,
      @RequestParam(name = "path") String path,
      @RequestParam(name = "limit", required = false) @Nullable Long limit,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException, InterruptedException {
    String directory = path(path);
    long most = limit(limit);
    if (request.getContentLengthLong() > most) {
      throw new RefusedRequestException(Problems.tooLarge(most));
    }
    JobId job = JobController.id(id);
    try (LogFeed.Follower follower = follow(job)) {
      Exec exec = open(job, new ExecSpec.Upload(directory, most, TIMEOUT));
      response.setHeader(EXEC, Integer.toString(exec.number()));
      return ExecViews.view(transfers.upload(exec, request.getInputStream(), most, follower));
    }
  }

  @GetMapping
  @Operation(
      operationId = "downloadFiles",
      summary = "Pack files of a session",
      description =
          "Answers a tar stream of what is at path while it is made. limit as of uploadFiles. When"
              + " it fails in the middle, the connection is broken, so that what came is not taken"
              + " for all; the exec named by Mayfly-Exec says why. 422 transfer-failed when there is"
              + " nothing at path.")
  @ApiResponse(
      responseCode = "200",
      description = "The tar stream.",
      content = @Content(mediaType = TAR, schema = @Schema(type = "string", format = "binary")))
  void download(
      @PathVariable("id") String id,
      @RequestParam(name = "path") String path,
      @RequestParam(name = "limit", required = false) @Nullable Long limit,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException, InterruptedException {
    String wanted = path(path);
    long most = limit(limit);
    JobId job = JobController.id(id);
    try (LogFeed.Follower follower = follow(job)) {
      Exec exec = open(job, new ExecSpec.Download(wanted, most, TIMEOUT));
      response.setHeader(EXEC, Integer.toString(exec.number()));
      Problem problem =
          transfers.download(
              exec,
              () -> {
                response.setContentType(TAR);
                return response.getOutputStream();
              },
              follower);
      if (problem != null) {
        response.flushBuffer();
        UnfinishedAnswerFilter.breakOff(request);
      }
    }
  }

  private LogFeed.Follower follow(JobId job) {
    return feed.follow(job).orElseThrow(() -> Problems.busy("Too many transfers are under way."));
  }

  private Exec open(JobId job, ExecSpec spec) {
    Exec exec = ExecProblems.opened(execs.open(job, spec, null, clock.instant()));
    nudges.execs();
    return exec;
  }

  private static String path(String path) {
    if (!path.startsWith("/")) {
      throw wrongPath("is not absolute: it must begin with /");
    }
    if (path.indexOf('\0') >= 0) {
      throw wrongPath("holds a NUL character");
    }
    if (path.getBytes(StandardCharsets.UTF_8).length > JobRequest.MAX_PATH_LENGTH) {
      throw wrongPath("is longer than " + JobRequest.MAX_PATH_LENGTH + " bytes");
    }
    return path;
  }

  private static RefusedRequestException wrongPath(String message) {
    return new RefusedRequestException(Problems.badParameter("path", message));
  }

  private static long limit(@Nullable Long limit) {
    if (limit == null) {
      return ExecRequest.DEFAULT_TRANSFER_BYTES;
    }
    if (limit < 1 || limit > ExecRequest.MAX_TRANSFER_BYTES) {
      throw new RefusedRequestException(
          Problems.badParameter(
              "limit", "is " + limit + ", must be 1 to " + ExecRequest.MAX_TRANSFER_BYTES));
    }
    return limit;
  }
}
