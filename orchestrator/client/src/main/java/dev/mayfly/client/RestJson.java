package dev.mayfly.client;

import dev.mayfly.api.rest.ImagePublication;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.LogEvent;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.PhaseView;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.api.rest.ShapeRequest;
import dev.mayfly.api.rest.ShapeView;
import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonValue.JsonArray;
import dev.mayfly.client.json.JsonValue.JsonBoolean;
import dev.mayfly.client.json.JsonValue.JsonNumber;
import dev.mayfly.client.json.JsonValue.JsonObject;
import dev.mayfly.client.json.JsonValue.JsonText;
import dev.mayfly.client.json.MalformedJson;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The records of REST v1 as JSON and back. Written out by hand: it starts faster than reflection,
 * and the names that cross the wire can be read here. Absent members stay absent.
 */
public final class RestJson {
  private RestJson() {}

  public static JsonValue of(JobRequest request) {
    ShapeRequest shape = request.shape();
    return new Members()
        .text("image", request.image())
        .texts("command", request.command())
        .textMap("environment", request.environment())
        .text("workingDirectory", request.workingDirectory())
        .text("user", request.user())
        .value(
            "shape",
            shape == null
                ? null
                : new Members()
                    .number("cpus", shape.cpus())
                    .number("memoryMib", shape.memoryMib())
                    .number("scratchMib", shape.scratchMib())
                    .object())
        .text("network", request.network())
        .number("timeoutSeconds", request.timeoutSeconds())
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
        fields.optionalInteger("timeoutSeconds"));
  }

  public static JsonValue of(JobView job) {
    OutcomeView outcome = job.outcome();
    return new Members()
        .text("id", job.id())
        .text("state", job.state())
        .text("image", job.image())
        .text("bundleDigest", job.bundleDigest())
        .texts("command", job.command())
        .text("workingDirectory", job.workingDirectory())
        .text("user", job.user())
        .value("shape", of(job.shape()))
        .text("network", job.network())
        .number("timeoutSeconds", job.timeoutSeconds())
        .text("submittedAt", job.submittedAt())
        .text("waitingBecause", job.waitingBecause())
        .truth("cancelRequested", job.cancelRequested())
        .text("worker", job.worker())
        .value("outcome", outcome == null ? null : of(outcome))
        .list("phases", job.phases(), RestJson::of)
        .number("attempts", job.attempts())
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
        fields.text("bundleDigest"),
        fields.texts("command"),
        fields.text("workingDirectory"),
        fields.text("user"),
        fields.object("shape", RestJson::shapeView),
        fields.text("network"),
        fields.integer("timeoutSeconds"),
        fields.text("submittedAt"),
        fields.optionalText("waitingBecause"),
        fields.truth("cancelRequested"),
        fields.optionalText("worker"),
        fields.optionalObject("outcome", RestJson::outcomeView),
        fields.list("phases", RestJson::phaseView),
        fields.integer("attempts"),
        fields.longNumber("logBytes"),
        fields.optionalText("vmm"),
        fields.optionalText("guestKernel"),
        fields.longNumber("peakMemoryKib"));
  }

  private static JsonValue of(ShapeView shape) {
    return new Members()
        .number("cpus", shape.cpus())
        .number("memoryMib", shape.memoryMib())
        .number("scratchMib", shape.scratchMib())
        .object();
  }

  private static ShapeView shapeView(JsonFields fields) throws MalformedJson {
    return new ShapeView(
        fields.integer("cpus"), fields.integer("memoryMib"), fields.integer("scratchMib"));
  }

  private static JsonValue of(OutcomeView outcome) {
    return new Members()
        .text("kind", outcome.kind())
        .number("exitCode", outcome.exitCode())
        .text("faultCode", outcome.faultCode())
        .text("blame", outcome.blame())
        .text("detail", outcome.detail())
        .object();
  }

  private static OutcomeView outcomeView(JsonFields fields) throws MalformedJson {
    return new OutcomeView(
        fields.text("kind"),
        fields.optionalInteger("exitCode"),
        fields.optionalText("faultCode"),
        fields.optionalText("blame"),
        fields.optionalText("detail"));
  }

  private static JsonValue of(PhaseView phase) {
    return new Members()
        .text("phase", phase.phase())
        .text("at", phase.at())
        .number("micros", phase.micros())
        .object();
  }

  private static PhaseView phaseView(JsonFields fields) throws MalformedJson {
    return new PhaseView(fields.text("phase"), fields.text("at"), fields.longNumber("micros"));
  }

  public static JsonValue of(WorkerView worker) {
    return new Members()
        .text("id", worker.id())
        .text("name", worker.name())
        .text("state", worker.state())
        .text("version", worker.version())
        .text("architecture", worker.architecture())
        .text("hostKernel", worker.hostKernel())
        .value("capacity", of(worker.capacity()))
        .value("used", of(worker.used()))
        .list(
            "vmms",
            worker.vmms(),
            vmm ->
                new Members()
                    .text("name", vmm.name())
                    .text("version", vmm.version())
                    .text("accelerator", vmm.accelerator())
                    .truth("usable", vmm.usable())
                    .text("reason", vmm.reason())
                    .object())
        .texts("bundleDigests", worker.bundleDigests())
        .text("lastSeenAt", worker.lastSeenAt())
        .object();
  }

  public static WorkerView workerView(JsonFields fields) throws MalformedJson {
    return new WorkerView(
        fields.text("id"),
        fields.text("name"),
        fields.text("state"),
        fields.text("version"),
        fields.text("architecture"),
        fields.text("hostKernel"),
        fields.object("capacity", RestJson::shapeView),
        fields.object("used", RestJson::shapeView),
        fields.list(
            "vmms",
            vmm ->
                new WorkerView.VmmView(
                    vmm.text("name"),
                    vmm.text("version"),
                    vmm.text("accelerator"),
                    vmm.truth("usable"),
                    vmm.text("reason"))),
        fields.texts("bundleDigests"),
        fields.text("lastSeenAt"));
  }

  public static JsonValue of(ImageView image) {
    return new Members()
        .text("name", image.name())
        .text("bundleDigest", image.bundleDigest())
        .text("architecture", image.architecture())
        .number("sizeBytes", image.sizeBytes())
        .text("publishedAt", image.publishedAt())
        .texts("cachedOn", image.cachedOn())
        .object();
  }

  public static ImageView imageView(JsonFields fields) throws MalformedJson {
    return new ImageView(
        fields.text("name"),
        fields.text("bundleDigest"),
        fields.text("architecture"),
        fields.longNumber("sizeBytes"),
        fields.text("publishedAt"),
        fields.texts("cachedOn"));
  }

  public static JsonValue of(ImagePublication publication) {
    return new Members()
        .text("bundleDigest", publication.bundleDigest())
        .text("architecture", publication.architecture())
        .number("sizeBytes", publication.sizeBytes())
        .object();
  }

  public static ImagePublication imagePublication(JsonFields fields) throws MalformedJson {
    return new ImagePublication(
        fields.optionalText("bundleDigest"),
        fields.optionalText("architecture"),
        fields.optionalLong("sizeBytes"));
  }

  public static JsonValue of(LogEvent event) {
    return new Members()
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
    return new Members()
        .text("type", problem.type())
        .text("title", problem.title())
        .number("status", problem.status())
        .text("detail", problem.detail())
        .list(
            "errors",
            problem.errors(),
            error ->
                new Members()
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
    return new Members().list("items", page.items(), item).text("next", page.next()).object();
  }

  public static <T> Page<T> page(JsonFields fields, JsonFields.Mapping<T> item)
      throws MalformedJson {
    return new Page<>(fields.list("items", item), fields.optionalText("next"));
  }

  /** Collects the members of an object; a null value leaves the member out. */
  private static final class Members {
    private final Map<String, JsonValue> members = new LinkedHashMap<>();

    Members value(String name, @Nullable JsonValue value) {
      if (value != null) {
        members.put(name, value);
      }
      return this;
    }

    Members text(String name, @Nullable String value) {
      return value(name, value == null ? null : new JsonText(value));
    }

    Members number(String name, @Nullable Integer value) {
      return value(name, value == null ? null : new JsonNumber(value));
    }

    Members number(String name, @Nullable Long value) {
      return value(name, value == null ? null : new JsonNumber(value));
    }

    Members truth(String name, boolean value) {
      return value(name, new JsonBoolean(value));
    }

    Members texts(String name, @Nullable List<String> values) {
      return values == null ? this : list(name, values, JsonText::new);
    }

    Members textMap(String name, @Nullable Map<String, String> values) {
      if (values != null) {
        Members inner = new Members();
        values.forEach(inner::text);
        value(name, inner.object());
      }
      return this;
    }

    <T> Members list(String name, List<T> values, Function<T, JsonValue> item) {
      List<JsonValue> items = new ArrayList<>(values.size());
      for (T value : values) {
        items.add(item.apply(value));
      }
      return value(name, new JsonArray(items));
    }

    JsonObject object() {
      return new JsonObject(members);
    }
  }
}
