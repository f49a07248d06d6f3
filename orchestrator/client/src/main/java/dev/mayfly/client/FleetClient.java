package dev.mayfly.client;

import dev.mayfly.api.ProjectName;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.api.rest.LimitsChange;
import dev.mayfly.api.rest.LimitsView;
import dev.mayfly.api.rest.ProjectChange;
import dev.mayfly.api.rest.ProjectView;
import dev.mayfly.api.rest.QuarantineRequest;
import dev.mayfly.api.rest.WorkerPoolChange;
import dev.mayfly.api.rest.WorkerPoolView;
import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.client.Calls.Call;
import dev.mayfly.client.json.JsonValue;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What administrators ask and say: workers, projects, limits, worker pools. Every call may be
 * repeated without harm and throws as {@link MayflyClient}'s do; a change that is refused is a
 * {@link MayflyProblem}. Safe for use by several threads.
 */
public final class FleetClient {
  private static final String WORKERS = "/api/v1/workers/";
  private static final String PROJECTS = "/api/v1/projects";
  private static final String LIMITS = "/api/v1/limits";
  private static final String POOLS = "/api/v1/worker-pools";

  private final MayflyClient client;
  private final Calls calls;

  FleetClient(MayflyClient client, Calls calls) {
    this.client = client;
    this.calls = calls;
  }

  /** The worker of that name or id; of several of one name the one heard of last. */
  public Optional<WorkerView> worker(String nameOrId) throws MayflyException, InterruptedException {
    return client.optional(
        calls.send(Call.get(WORKERS + encoded(nameOrId))), FleetJson::workerView);
  }

  /** Lets a worker take no new work; what it runs goes on. Nothing when there is none. */
  public Optional<WorkerView> drain(String nameOrId) throws MayflyException, InterruptedException {
    return duty(nameOrId, "drain", null);
  }

  /** Lets a worker take work again. Nothing when there is none. */
  public Optional<WorkerView> resume(String nameOrId) throws MayflyException, InterruptedException {
    return duty(nameOrId, "resume", null);
  }

  /**
   * Lets a worker take no new work until a person resumes it. Nothing when there is none.
   *
   * @param reason 1 to {@value QuarantineRequest#MAX_REASON} characters
   */
  public Optional<WorkerView> quarantine(String nameOrId, String reason)
      throws MayflyException, InterruptedException {
    return duty(nameOrId, "quarantine", FleetJson.of(new QuarantineRequest(reason)));
  }

  private Optional<WorkerView> duty(String nameOrId, String duty, @Nullable JsonValue body)
      throws MayflyException, InterruptedException {
    return client.optional(
        client.send("POST", WORKERS + encoded(nameOrId) + "/" + duty, body), FleetJson::workerView);
  }

  /** The projects that are configured or have jobs on workers, by name. */
  public List<ProjectView> projects() throws MayflyException, InterruptedException {
    return client.allPages(PROJECTS, FleetJson::projectView);
  }

  /** A project; one nobody configured has weight 1 and no cap. */
  public ProjectView project(ProjectName name) throws MayflyException, InterruptedException {
    return client.successful(
        calls.send(Call.get(PROJECTS + "/" + encoded(name.value()))), FleetJson::projectView);
  }

  /** Sets what a project may use. */
  public ProjectView change(ProjectName name, ProjectChange change)
      throws MayflyException, InterruptedException {
    return client.successful(
        client.send("PUT", PROJECTS + "/" + encoded(name.value()), FleetJson.of(change)),
        FleetJson::projectView);
  }

  /** What all projects together may use. */
  public LimitsView limits() throws MayflyException, InterruptedException {
    return client.successful(calls.send(Call.get(LIMITS)), FleetJson::limitsView);
  }

  /** Sets what all projects together may use. */
  public LimitsView change(LimitsChange change) throws MayflyException, InterruptedException {
    return client.successful(
        client.send("PUT", LIMITS, FleetJson.of(change)), FleetJson::limitsView);
  }

  /** The worker pools that are configured or have workers, by name. */
  public List<WorkerPoolView> workerPools() throws MayflyException, InterruptedException {
    return client.allPages(POOLS, FleetJson::workerPoolView);
  }

  /** Sets how a worker pool is filled. */
  public WorkerPoolView change(WorkerPoolName name, WorkerPoolChange change)
      throws MayflyException, InterruptedException {
    return client.successful(
        client.send("PUT", POOLS + "/" + encoded(name.value()), FleetJson.of(change)),
        FleetJson::workerPoolView);
  }

  private static String encoded(String segment) {
    return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
