package dev.mayfly.client.fake;

import dev.mayfly.api.rest.LimitsView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.api.rest.ProjectChange;
import dev.mayfly.api.rest.ProjectView;
import dev.mayfly.api.rest.ShapeView;
import dev.mayfly.api.rest.WorkerPoolView;
import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.client.FleetJson;
import dev.mayfly.client.RestJson;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonReader;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonValue.JsonNull;
import dev.mayfly.client.json.MalformedJson;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Workers, images, projects, limits and pools of the fake orchestrator. */
final class FakeFleet {
  static final String TIME = "2026-11-21T10:00:00.000000Z";
  static final Answer ABSENT =
      new Answer(
          JsonNull.NULL, FakeOrchestrator.problem(404, "not-found", "There is no such thing"));

  private final FakeImages images = new FakeImages();
  private final Map<String, WorkerView> workers = new TreeMap<>();
  private final Map<String, ProjectView> projects = new TreeMap<>();
  private final Map<String, WorkerPoolView> pools = new TreeMap<>();
  private LimitsView limits = new LimitsView(null, 0);

  /** What a call answers: a document, or a problem. */
  record Answer(JsonValue body, @Nullable Problem problem) {}

  static Answer of(JsonValue body) {
    return new Answer(body, null);
  }

  synchronized void worker(String name, String state) {
    workers.put(
        name,
        new WorkerView(
            UUID.randomUUID().toString(),
            name,
            state,
            "0.1.0",
            "x86_64",
            "6.1.0",
            List.of("gpu", "pool=fast"),
            "fast",
            "ACCEPTING",
            null,
            null,
            new ShapeView(2, 4096, 20480),
            new ShapeView(1, 512, 2048),
            List.of(new WorkerView.VmmView("qemu", "7.2", "tcg", true, "")),
            List.of(),
            TIME));
  }

  FakeImages images() {
    return images;
  }

  /**
   * Answers a call.
   *
   * @param parts of its path: "", "api", "v1", the kind, a name, a verb
   */
  synchronized Answer answer(String method, String[] parts, Map<String, String> query, byte[] body)
      throws MalformedJson {
    String kind = parts.length > 3 ? parts[3] : "";
    String name = parts.length > 4 ? URLDecoder.decode(parts[4], StandardCharsets.UTF_8) : null;
    Answer ofImages = images.answer(method + " " + kind, name, query, body);
    if (ofImages != null) {
      return ofImages;
    }
    return switch (method + " " + kind) {
      case "GET workers" ->
          name == null ? of(page(workers, FleetJson::of)) : one(workers, name, FleetJson::of);
      case "POST workers" ->
          name == null || parts.length != 6 ? ABSENT : duty(name, parts[5], body);
      case "GET projects" ->
          name == null ? of(page(projects, FleetJson::of)) : of(FleetJson.of(project(name)));
      case "PUT projects" ->
          name == null ? ABSENT : change(name, FleetJson.projectChange(fields(body)));
      case "GET limits" -> of(FleetJson.of(limits));
      case "PUT limits" -> {
        limits = new LimitsView(FleetJson.limitsChange(fields(body)).maxActiveJobs(), 3);
        yield of(FleetJson.of(limits));
      }
      case "GET worker-pools" -> of(page(pools, FleetJson::of));
      case "PUT worker-pools" -> name == null ? ABSENT : pool(name, body);
      default -> ABSENT;
    };
  }

  private static JsonFields fields(byte[] body) throws MalformedJson {
    return JsonFields.of(JsonReader.read(body));
  }

  static <T> JsonValue page(Map<String, T> all, Function<T, JsonValue> json) {
    return RestJson.of(new Page<>(List.copyOf(all.values()), null), json);
  }

  static <T> Answer one(Map<String, T> all, String name, Function<T, JsonValue> json) {
    T found = all.get(name);
    return found == null ? ABSENT : of(json.apply(found));
  }

  private ProjectView project(String name) {
    return projects.getOrDefault(name, new ProjectView(name, 1, null, 0, new ShapeView(0, 0, 0)));
  }

  private Answer change(String name, ProjectChange change) {
    Integer weight = change.weight();
    projects.put(
        name,
        new ProjectView(
            name,
            weight == null ? 1 : weight,
            change.maxActiveJobs(),
            2,
            new ShapeView(2, 1024, 4096)));
    return of(FleetJson.of(project(name)));
  }

  private Answer pool(String name, byte[] body) throws MalformedJson {
    String strategy = FleetJson.workerPoolChange(fields(body)).strategy();
    pools.put(name, new WorkerPoolView(name, String.valueOf(strategy), List.of()));
    return one(pools, name, FleetJson::of);
  }

  private Answer duty(String name, String verb, byte[] body) throws MalformedJson {
    WorkerView worker = workers.get(name);
    if (worker == null) {
      return ABSENT;
    }
    String reason =
        verb.equals("quarantine") ? FleetJson.quarantineRequest(fields(body)).reason() : null;
    String duty =
        switch (verb) {
          case "drain" -> "DRAINING";
          case "quarantine" -> "QUARANTINED";
          default -> "ACCEPTING";
        };
    workers.put(
        name,
        new WorkerView(
            worker.id(),
            name,
            worker.state(),
            worker.version(),
            worker.architecture(),
            worker.hostKernel(),
            worker.labels(),
            worker.pool(),
            duty,
            reason,
            duty.equals("ACCEPTING") ? null : TIME,
            worker.capacity(),
            worker.used(),
            worker.vmms(),
            worker.bundleDigests(),
            worker.lastSeenAt()));
    return one(workers, name, FleetJson::of);
  }
}
