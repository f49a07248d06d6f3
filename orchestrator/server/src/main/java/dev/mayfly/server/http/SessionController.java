package dev.mayfly.server.http;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.api.rest.ReleaseRequest;
import dev.mayfly.api.rest.RenewalView;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobDesk;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.SessionAnswer;
import dev.mayfly.core.job.Workload;
import dev.mayfly.core.placement.Nudges;
import dev.mayfly.server.logs.LogFeed;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Sessions: renew, release. */
@RestController
@RequestMapping("/api/v1/jobs/{id}")
@Tag(name = "sessions")
class SessionController {
  private static final int MAX_EXIT_CODE = 255;

  private final JobDesk desk;
  private final JobStore jobs;
  private final JobViews views;
  private final Nudges nudges;
  private final LogFeed feed;

  SessionController(JobDesk desk, JobStore jobs, JobViews views, Nudges nudges, LogFeed feed) {
    this.desk = desk;
    this.jobs = jobs;
    this.views = views;
    this.nudges = nudges;
    this.feed = feed;
  }

  @PostMapping("/renew")
  @Operation(
      operationId = "renewSession",
      summary = "Say that a session is still wanted",
      description = "409 not-a-session, 409 session-ended.")
  RenewalView renew(@PathVariable("id") String id) {
    JobId job = JobController.id(id);
    return switch (desk.renewSession(job)) {
      case SessionAnswer.Renewed(Instant until) -> renewed(job, until);
      case SessionAnswer.Ending _, SessionAnswer.Ended _ ->
          throw new RefusedRequestException(ExecProblems.sessionEnded());
      case SessionAnswer.NotASession _ ->
          throw new RefusedRequestException(ExecProblems.notASession());
      case SessionAnswer.UnknownJob _ -> throw JobController.unknown();
    };
  }

  private RenewalView renewed(JobId id, Instant until) {
    Job job = jobs.find(id).orElseThrow(JobController::unknown);
    Duration lease =
        switch (job.spec().workload()) {
          case Workload.Session session -> session.lease();
          case Workload.Batch _ -> throw new RefusedRequestException(ExecProblems.notASession());
        };
    return new RenewalView(Math.toIntExact(lease.toSeconds()), Views.time(until));
  }

  @PostMapping(path = "/release", consumes = "application/json")
  @Operation(
      operationId = "releaseSession",
      summary = "End a session with an exit code",
      description =
          "202. Its microVM is destroyed; execs that are open are cancelled. Repeating it, or"
              + " releasing what has ended, changes nothing. 409 not-a-session.")
  ResponseEntity<JobView> release(
      @PathVariable("id") String id, @RequestBody(required = false) @Nullable ReleaseRequest body) {
    Integer asked = body == null ? null : body.exitCode();
    int exitCode = asked == null ? 0 : asked;
    if (exitCode < 0 || exitCode > MAX_EXIT_CODE) {
      throw new RefusedRequestException(
          Problems.invalid(
              List.of(
                  new Problem.FieldError(
                      "exitCode", "is " + exitCode + ", must be 0 to " + MAX_EXIT_CODE))));
    }
    JobId job = JobController.id(id);
    return switch (desk.release(job, exitCode)) {
      case SessionAnswer.Ending(Job ending) -> {
        nudges.assignments();
        feed.nudge(job);
        yield ResponseEntity.accepted().body(views.job(ending));
      }
      case SessionAnswer.Ended(Job ended) -> {
        nudges.placement();
        feed.nudge(job);
        yield ResponseEntity.accepted().body(views.job(ended));
      }
      case SessionAnswer.Renewed _ -> throw new IllegalStateException("a release renewed");
      case SessionAnswer.NotASession _ ->
          throw new RefusedRequestException(ExecProblems.notASession());
      case SessionAnswer.UnknownJob _ -> throw JobController.unknown();
    };
  }
}
