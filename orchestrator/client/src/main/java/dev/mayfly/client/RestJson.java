package dev.mayfly.client;

import dev.mayfly.api.rest.AttemptView;
import dev.mayfly.api.rest.ExplanationView;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.LogEvent;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.PhaseView;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.api.rest.SessionRequest;
import dev.mayfly.api.rest.ShapeRequest;
import dev.mayfly.api.rest.ShapeView;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.MalformedJson;
import java.util.List;
import java.util.function.Function;

/**
 * The records of REST v1 about jobs as JSON and back; {@link FleetJson} has the others. Written out
 * by hand: it starts faster than reflection, and the names that cross the wire can be read here.
 * Absent members stay absent.
 */
public final class RestJson {
  private RestJson() {}

  public static JsonValue of(JobRequest request) {
    ShapeRequest shape = request.shape();
    SessionRequest session = request.session();
    return new JsonMembers()
        .text("image", request.image())
        .texts("command", request.command())
        .textMap("environment", request.environment())
        .text("workingDirectory", request.workingDirectory())
        .text("user", request.user())
        .value(
            "shape",
            shape == null
                ? null
                : new JsonMembers()
                    .number("cpus", shape.cpus())
                    .number("memoryMib", shape.memoryMib())
                    .number("scratchMib", shape.scratchMib())
                    .object())
        .text("network", request.network())
        .number("timeoutSeconds", request.timeoutSeconds())
        .textMap("secrets", request.secrets())
        .value(
            "session",
            session == null
                ? null
                : new JsonMembers()
                    .number("idleSeconds", session.idleSeconds())
                    .number("leaseSeconds", session.leaseSeconds())
                    .object())
        .text("project", request.project())
        .text("priority", request.priority())
        .texts("labels", request.labels())
        .number("queueTimeoutSeconds", request.queueTimeoutSeconds())
        .number("maxAttempts", request.maxAttempts())
        .number("logLimitBytes", request.logLimitBytes())
        .object();
  }

  public static JobRequest jobRequest(JsonFields fields) throws MalformedJson {
    return new JobRequest(
        fields.optionalText("image"),
        fields.optionalTexts("command"),
        fields.optionalTextMap("environment"),
        fields.optionalText("workingDirectory"),
        fields.optionalText("user"),
        fields.optionalObject(
            "shape",
            shape ->
                new ShapeRequest(
                    shape.optionalInteger("cpus"),
                    shape.optionalInteger("memoryMib"),
                    shape.optionalInteger("scratchMib"))),
        fields.optionalText("network"),
        fields.optionalInteger("timeoutSeconds"),
        fields.optionalTextMap("secrets"),
        fields.optionalObject(
            "session",
            session ->
                new SessionRequest(
                    session.optionalInteger("idleSeconds"),
                    session.optionalInteger("leaseSeconds"))),
        fields.optionalText("project"),
        fields.optionalText("priority"),
        fields.optionalTexts("labels"),
        fields.optionalInteger("queueTimeoutSeconds"),
        fields.optionalInteger("maxAttempts"),
        fields.optionalLong("logLimitBytes"));
  }

  public static JsonValue of(JobView job) {
    OutcomeView outcome = job.outcome();
    return new JsonMembers()
        .text("id", job.id())
        .text("state", job.state())
        .text("image", job.image())
        .text("bundleDigest", job.bundleDigest())
        .text("architecture", job.architecture())
        .text("workload", job.workload())
        .texts("command", job.command())
        .text("workingDirectory", job.workingDirectory())
        .text("user", job.user())
        .value("shape", of(job.shape()))
        .texts("labels", job.labels())
        .text("network", job.network())
        .text("project", job.project())
        .text("priority", job.priority())
        .number("timeoutSeconds", job.timeoutSeconds())
        .number("queueTimeoutSeconds", job.queueTimeoutSeconds())
        .number("maxAttempts", job.maxAttempts())
        .number("logLimitBytes", job.logLimitBytes())
        .text("submittedAt", job.submittedAt())
        .text("queuedSince", job.queuedSince())
        .text("notBefore", job.notBefore())
        .text("waitingBecause", job.waitingBecause())
        .truth("cancelRequested", job.cancelRequested())
        .text("endRequested", job.endRequested())
        .text("sessionUntil", job.sessionUntil())
        .text("worker", job.worker())
        .value("outcome", outcome == null ? null : of(outcome))
        .list("phases", job.phases(), RestJson::of)
        .number("attempts", job.attempts())
        .number("faults", job.faults())
        .number("logBytes", job.logBytes())
        .text("vmm", job.vmm())
        .text("guestKernel", job.guestKernel())
        .number("peakMemoryKib", job.peakMemoryKib())
        .object();
  }

  public static JobView jobView(JsonFields fields) throws MalformedJson {
    return new JobView(
        fields.text("id"),
        fields.text("state"),
        fields.text("image"),
        fields.optionalText("bundleDigest"),
        fields.optionalText("architecture"),
        fields.text("workload"),
        fields.texts("command"),
        fields.text("workingDirectory"),
        fields.text("user"),
        fields.object("shape", RestJson::shapeView),
        fields.texts("labels"),
        fields.text("network"),
        fields.text("project"),
        fields.text("priority"),
        fields.integer("timeoutSeconds"),
        fields.integer("queueTimeoutSeconds"),
        fields.integer("maxAttempts"),
        fields.longNumber("logLimitBytes"),
        fields.text("submittedAt"),
        fields.optionalText("queuedSince"),
        fields.optionalText("notBefore"),
        fields.optionalText("waitingBecause"),
        fields.truth("cancelRequested"),
        fields.optionalText("endRequested"),
        fields.optionalText("sessionUntil"),
        fields.optionalText("worker"),
        fields.optionalObject("outcome", RestJson::outcomeView),
        fields.list("phases", RestJson::phaseView),
        fields.integer("attempts"),
        fields.integer("faults"),
        fields.longNumber("logBytes"),
        fields.optionalText("vmm"),
        fields.optionalText("guestKernel"),
        fields.longNumber("peakMemoryKib"));
  }

  public static JsonValue of(AttemptView attempt) {
    OutcomeView outcome = attempt.outcome();
    return new JsonMembers()
        .number("number", attempt.number())
        .text("worker", attempt.worker())
        .text("state", attempt.state())
        .truth("refused", attempt.refused())
        .text("placedAt", attempt.placedAt())
        .list("phases", attempt.phases(), RestJson::of)
        .value("outcome", outcome == null ? null : of(outcome))
        .text("vmm", attempt.vmm())
        .text("guestKernel", attempt.guestKernel())
        .number("peakMemoryKib", attempt.peakMemoryKib())
        .number("logBytes", attempt.logBytes())
        .truth("logRemoved", attempt.logRemoved())
        .object();
  }

  public static AttemptView attemptView(JsonFields fields) throws MalformedJson {
    return new AttemptView(
        fields.integer("number"),
        fields.text("worker"),
        fields.text("state"),
        fields.truth("refused"),
        fields.text("placedAt"),
        fields.list("phases", RestJson::phaseView),
        fields.optionalObject("outcome", RestJson::outcomeView),
        fields.optionalText("vmm"),
        fields.optionalText("guestKernel"),
        fields.longNumber("peakMemoryKib"),
        fields.longNumber("logBytes"),
        fields.truth("logRemoved"));
  }

  public static JsonValue of(ExplanationView explanation) {
    return new JsonMembers()
        .text("asOf", explanation.asOf())
        .truth("impossible", explanation.impossible())
        .number("ahead", explanation.ahead())
        .list(
            "reasons",
            explanation.reasons(),
            reason ->
                new JsonMembers()
                    .text("rule", reason.rule())
                    .text("worker", reason.worker())
                    .number("workers", reason.workers())
                    .text("text", reason.text())
                    .object())
        .text("text", explanation.text())
        .object();
  }

  public static ExplanationView explanationView(JsonFields fields) throws MalformedJson {
    return new ExplanationView(
        fields.optionalText("asOf"),
        fields.truth("impossible"),
        fields.integer("ahead"),
        fields.list(
            "reasons",
            reason ->
                new ExplanationView.ReasonView(
                    reason.text("rule"),
                    reason.optionalText("worker"),
                    reason.integer("workers"),
                    reason.text("text"))),
        fields.text("text"));
  }

  static JsonValue of(ShapeView shape) {
    return new JsonMembers()
        .number("cpus", shape.cpus())
        .number("memoryMib", shape.memoryMib())
        .number("scratchMib", shape.scratchMib())
        .object();
  }

  static ShapeView shapeView(JsonFields fields) throws MalformedJson {
    return new ShapeView(
        fields.integer("cpus"), fields.integer("memoryMib"), fields.integer("scratchMib"));
  }

  static JsonValue of(OutcomeView outcome) {
    return new JsonMembers()
        .text("kind", outcome.kind())
        .number("exitCode", outcome.exitCode())
        .text("faultCode", outcome.faultCode())
        .text("blame", outcome.blame())
        .text("detail", outcome.detail())
        .object();
  }

  static OutcomeView outcomeView(JsonFields fields) throws MalformedJson {
    return new OutcomeView(
        fields.text("kind"),
        fields.optionalInteger("exitCode"),
        fields.optionalText("faultCode"),
        fields.optionalText("blame"),
        fields.optionalText("detail"));
  }

  private static JsonValue of(PhaseView phase) {
    return new JsonMembers()
        .text("phase", phase.phase())
        .text("at", phase.at())
        .number("micros", phase.micros())
        .object();
  }

  private static PhaseView phaseView(JsonFields fields) throws MalformedJson {
    return new PhaseView(fields.text("phase"), fields.text("at"), fields.longNumber("micros"));
  }

  public static JsonValue of(LogEvent event) {
    return new JsonMembers()
        .text("cursor", event.cursor())
        .text("stream", event.stream())
        .text("at", event.at())
        .text("data", event.data())
        .object();
  }

  public static LogEvent logEvent(JsonFields fields) throws MalformedJson {
    return new LogEvent(
        fields.text("cursor"), fields.text("stream"), fields.text("at"), fields.text("data"));
  }

  public static JsonValue of(Problem problem) {
    return new JsonMembers()
        .text("type", problem.type())
        .text("title", problem.title())
        .number("status", problem.status())
        .text("detail", problem.detail())
        .list(
            "errors",
            problem.errors(),
            error ->
                new JsonMembers()
                    .text("field", error.field())
                    .text("message", error.message())
                    .object())
        .object();
  }

  /** A problem; every member is optional in RFC 9457, so what is absent gets its default. */
  public static Problem problem(JsonFields fields, int httpStatus) throws MalformedJson {
    String type = fields.optionalText("type");
    String title = fields.optionalText("title");
    List<Problem.FieldError> errors =
        fields.optionalList(
            "errors", error -> new Problem.FieldError(error.text("field"), error.text("message")));
    return new Problem(
        type == null ? "about:blank" : type,
        title == null ? "HTTP status " + httpStatus : title,
        httpStatus,
        fields.optionalText("detail"),
        errors == null ? List.of() : errors);
  }

  public static <T> JsonValue of(Page<T> page, Function<T, JsonValue> item) {
    return new JsonMembers().list("items", page.items(), item).text("next", page.next()).object();
  }

  public static <T> Page<T> page(JsonFields fields, JsonFields.Mapping<T> item)
      throws MalformedJson {
    return new Page<>(fields.list("items", item), fields.optionalText("next"));
  }
}
