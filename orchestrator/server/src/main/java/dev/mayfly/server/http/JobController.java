package dev.mayfly.server.http;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.rest.AttemptView;
import dev.mayfly.api.rest.ExplanationView;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobDesk;
import dev.mayfly.core.job.JobQuery;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.Submission;
import dev.mayfly.core.placement.Nudges;
import dev.mayfly.server.logs.LogFeed;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Jobs: submit, look, list, cancel. */
@RestController
@RequestMapping("/api/v1/jobs")
@Tag(name = "jobs")
class JobController {
  private static final int DEFAULT_LIMIT = 50;

  private final JobDesk desk;
  private final JobStore jobs;
  private final JobViews views;
  private final Explanations explanations;
  private final Nudges nudges;
  private final LogFeed feed;

  JobController(
      JobDesk desk,
      JobStore jobs,
      JobViews views,
      Explanations explanations,
      Nudges nudges,
      LogFeed feed) {
    this.desk = desk;
    this.jobs = jobs;
    this.views = views;
    this.explanations = explanations;
    this.nudges = nudges;
    this.feed = feed;
  }

  @PostMapping(consumes = "application/json")
  @Operation(
      operationId = "submitJob",
      summary = "Submit a job",
      description = "201; 200 when the same Idempotency-Key came before with the same request.")
  ResponseEntity<JobView> submit(
      @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
      @RequestBody JobRequest body) {
    CheckedJobRequest request = JobRequestCheck.check(body);
    IdempotencyKey idempotency = null;
    if (key != null) {
      if (!IdempotencyKey.valid(key)) {
        throw new RefusedRequestException(
            Problems.badParameter(
                "Idempotency-Key",
                "must be 1 to " + IdempotencyKey.MAX_LENGTH + " printable ASCII characters"));
      }
      idempotency = new IdempotencyKey(key, request.fingerprint());
    }
    return switch (desk.submit(request.image(), request::spec, idempotency)) {
      case Submission.Accepted(Job job) -> {
        nudges.placement();
        yield ResponseEntity.created(location(job)).body(views.job(job));
      }
      case Submission.Repeated(Job job) ->
          ResponseEntity.ok().location(location(job)).body(views.job(job));
      case Submission.KeyTaken(JobId by) ->
          throw new RefusedRequestException(
              Problems.of(
                  HttpStatus.CONFLICT,
                  "idempotency-key-taken",
                  "The idempotency key belongs to a different request.",
                  "Job " + by + " was submitted with this key and a different body."));
      case Submission.UnknownImage(String reason) ->
          throw new RefusedRequestException(Problems.unknownImage(reason));
      case Submission.QueueFull(int capacity) ->
          throw new RefusedRequestException(
              Problems.of(
                  HttpStatus.TOO_MANY_REQUESTS,
                  "queue-full",
                  "The queue is full.",
                  capacity + " jobs wait already; submit again later."));
    };
  }

  private static URI location(Job job) {
    return URI.create("/api/v1/jobs/" + job.id());
  }

  @GetMapping("/{id}")
  @Operation(operationId = "getJob", summary = "Look at a job")
  JobView get(@PathVariable("id") String id) {
    return views.job(find(jobs, id));
  }

  @GetMapping("/{id}/explanation")
  @Operation(
      operationId = "explainJob",
      summary = "Say why a job waits",
      description = "Never older than 2 s. 409 when the job does not wait.")
  ExplanationView explain(@PathVariable("id") String id) {
    Job job = find(jobs, id);
    return explanations
        .view(job)
        .orElseThrow(() ->
            new RefusedRequestException(
                Problems.of(
                    HttpStatus.CONFLICT,
                    "not-waiting",
                    "The job does not wait.",
                    "It is " + job.state() + ".")));
  }

  @GetMapping("/{id}/attempts")
  @Operation(operationId = "listAttempts", summary = "List every attempt of a job, by number")
  Page<AttemptView> attempts(@PathVariable("id") String id) {
    Job job = find(jobs, id);
    return new Page<>(views.attempts(job, jobs.attempts(job.id())), null);
  }

  /** A text that is no id names no job either. */
  static Job find(JobStore jobs, String id) {
    return jobs.find(id(id)).orElseThrow(JobController::unknown);
  }

  static JobId id(String text) {
    try {
      return JobId.parse(text);
    } catch (IllegalArgumentException notAnId) {
      throw unknown();
    }
  }

  static RefusedRequestException unknown() {
    return new RefusedRequestException(Problems.notFound("job"));
  }

  @GetMapping
  @Operation(operationId = "listJobs", summary = "List jobs, newest first")
  Page<JobView> list(
      @RequestParam(name = "state", required = false) @Nullable String state,
      @RequestParam(name = "image", required = false) @Nullable String image,
      @RequestParam(name = "worker", required = false) @Nullable String worker,
      @RequestParam(name = "limit", required = false) @Nullable Integer limit,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor) {
    int size = Parameters.limit(limit, JobQuery.MAX_LIMIT, DEFAULT_LIMIT);
    JobQuery query =
        new JobQuery(
            state == null ? null : Parameters.oneOf("state", JobState.class, state),
            image == null ? null : image(image),
            worker,
            cursor == null ? null : cursor(cursor),
            size + 1);
    List<Job> found = jobs.list(query);
    List<Job> page = found.subList(0, Math.min(size, found.size()));
    return new Page<>(
        views.jobs(page), found.size() > size ? page.getLast().id().toString() : null);
  }

  private static ImageRef image(String name) {
    try {
      return new ImageRef(name);
    } catch (IllegalArgumentException invalid) {
      throw new RefusedRequestException(
          Problems.badParameter("image", String.valueOf(invalid.getMessage())));
    }
  }

  private static JobId cursor(String text) {
    try {
      return JobId.parse(text);
    } catch (IllegalArgumentException notACursor) {
      throw new RefusedRequestException(
          Problems.badParameter("cursor", "is not a cursor that this list has answered"));
    }
  }

  @PostMapping("/{id}/cancel")
  @Operation(operationId = "cancelJob", summary = "Ask for the end of a job")
  ResponseEntity<JobView> cancel(@PathVariable("id") String id) {
    Job job = desk.cancel(id(id)).orElseThrow(JobController::unknown);
    nudges.assignments();
    nudges.placement();
    feed.nudge(job.id());
    return ResponseEntity.accepted().body(views.job(job));
  }
}
