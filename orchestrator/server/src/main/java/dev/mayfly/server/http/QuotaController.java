package dev.mayfly.server.http;

import dev.mayfly.api.ProjectName;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.api.rest.LimitsChange;
import dev.mayfly.api.rest.LimitsView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.ProjectChange;
import dev.mayfly.api.rest.ProjectView;
import dev.mayfly.api.rest.WorkerPoolChange;
import dev.mayfly.api.rest.WorkerPoolView;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.placement.Nudges;
import dev.mayfly.core.quota.PoolStrategy;
import dev.mayfly.core.quota.Project;
import dev.mayfly.core.quota.QuotaStore;
import dev.mayfly.core.quota.Quotas;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** What projects may use, alone and together, and how worker pools are filled. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "quotas")
class QuotaController {
  /** A placement pass reads them all. */
  private static final int MAX_CONFIGURED = 10_000;

  private final QuotaStore quotas;
  private final JobStore jobs;
  private final WorkerStore workers;
  private final Nudges nudges;

  QuotaController(QuotaStore quotas, JobStore jobs, WorkerStore workers, Nudges nudges) {
    this.quotas = quotas;
    this.jobs = jobs;
    this.workers = workers;
    this.nudges = nudges;
  }

  @GetMapping("/projects")
  @Operation(
      operationId = "listProjects",
      summary = "List the projects that are configured or have jobs on workers, by name")
  Page<ProjectView> projects() {
    Quotas all = quotas.quotas();
    Map<ProjectName, JobStore.ProjectUse> use = jobs.use();
    SortedSet<ProjectName> names = new TreeSet<>(all.projects().keySet());
    names.addAll(use.keySet());
    return new Page<>(names.stream().map(name -> view(all.project(name), use)).toList(), null);
  }

  @GetMapping("/projects/{name}")
  @Operation(
      operationId = "getProject",
      summary = "Look at a project",
      description = "One that nobody configured has weight 1 and no cap.")
  ProjectView project(@PathVariable("name") String name) {
    return view(quotas.quotas().project(name("name", ProjectName::new, name)), jobs.use());
  }

  @PutMapping(path = "/projects/{name}", consumes = "application/json")
  @Operation(operationId = "putProject", summary = "Set what a project may use")
  ProjectView put(@PathVariable("name") String text, @RequestBody ProjectChange body) {
    ProjectName name = name("name", ProjectName::new, text);
    RequestErrors errors = new RequestErrors();
    int weight = errors.within("weight", body.weight(), 1, ProjectChange.MAX_WEIGHT, 1);
    OptionalInt cap = cap(body.maxActiveJobs(), errors);
    errors.refuseIfAny();
    Quotas before = quotas.quotas();
    refuseMore(before.projects().size(), before.projects().containsKey(name), "projects");
    Project project = new Project(name, weight, cap);
    quotas.put(project);
    nudges.placement();
    return view(project, jobs.use());
  }

  private static ProjectView view(Project project, Map<ProjectName, JobStore.ProjectUse> use) {
    JobStore.ProjectUse used = use.getOrDefault(project.name(), JobStore.ProjectUse.NONE);
    return new ProjectView(
        project.name().value(),
        project.weight(),
        orNull(project.maxActive()),
        used.jobs(),
        Views.shape(used.reserved()));
  }

  @GetMapping("/limits")
  @Operation(operationId = "getLimits", summary = "Look at what all projects together may use")
  LimitsView limits() {
    return limits(quotas.quotas().maxActive());
  }

  @PutMapping(path = "/limits", consumes = "application/json")
  @Operation(operationId = "putLimits", summary = "Set what all projects together may use")
  LimitsView put(@RequestBody LimitsChange body) {
    RequestErrors errors = new RequestErrors();
    OptionalInt cap = cap(body.maxActiveJobs(), errors);
    errors.refuseIfAny();
    quotas.putMaxActive(cap);
    nudges.placement();
    return limits(cap);
  }

  private LimitsView limits(OptionalInt cap) {
    return new LimitsView(
        orNull(cap), jobs.use().values().stream().mapToInt(JobStore.ProjectUse::jobs).sum());
  }

  @GetMapping("/worker-pools")
  @Operation(
      operationId = "listWorkerPools",
      summary = "List the worker pools that are configured or have workers, by name")
  Page<WorkerPoolView> pools() {
    Quotas all = quotas.quotas();
    FleetView fleet = workers.fleet();
    SortedSet<WorkerPoolName> names = new TreeSet<>(all.pools().keySet());
    fleet.members().forEach(member -> names.add(member.worker().pool()));
    return new Page<>(
        names.stream().map(name -> view(name, all.strategy(name), fleet)).toList(), null);
  }

  @GetMapping("/worker-pools/{name}")
  @Operation(
      operationId = "getWorkerPool",
      summary = "Look at a worker pool",
      description = "One that nobody configured spreads.")
  WorkerPoolView pool(@PathVariable("name") String text) {
    WorkerPoolName name = name("name", WorkerPoolName::new, text);
    return view(name, quotas.quotas().strategy(name), workers.fleet());
  }

  @PutMapping(path = "/worker-pools/{name}", consumes = "application/json")
  @Operation(operationId = "putWorkerPool", summary = "Set how a worker pool is filled")
  WorkerPoolView put(@PathVariable("name") String text, @RequestBody WorkerPoolChange body) {
    WorkerPoolName name = name("name", WorkerPoolName::new, text);
    RequestErrors errors = new RequestErrors();
    if (body.strategy() == null) {
      errors.add("strategy", "is required: PACK or SPREAD");
    }
    PoolStrategy strategy =
        errors.oneOf("strategy", PoolStrategy.class, body.strategy(), PoolStrategy.SPREAD);
    errors.refuseIfAny();
    Quotas before = quotas.quotas();
    refuseMore(before.pools().size(), before.pools().containsKey(name), "worker pools");
    quotas.put(name, strategy);
    nudges.placement();
    return view(name, strategy, workers.fleet());
  }

  private static WorkerPoolView view(WorkerPoolName name, PoolStrategy strategy, FleetView fleet) {
    return new WorkerPoolView(
        name.value(),
        strategy.name(),
        fleet.members().stream()
            .map(FleetView.Member::worker)
            .filter(worker -> worker.pool().equals(name))
            .map(Worker::name)
            .toList());
  }

  private static <N> N name(String parameter, Function<String, N> type, String text) {
    try {
      return type.apply(text);
    } catch (IllegalArgumentException wrong) {
      throw new RefusedRequestException(
          Problems.badParameter(parameter, String.valueOf(wrong.getMessage())));
    }
  }

  private static OptionalInt cap(@Nullable Integer asked, RequestErrors errors) {
    return asked == null
        ? OptionalInt.empty()
        : OptionalInt.of(
            Math.max(0, errors.within("maxActiveJobs", asked, 0, ProjectChange.MAX_ACTIVE, 0)));
  }

  private static @Nullable Integer orNull(OptionalInt cap) {
    return cap.isPresent() ? cap.getAsInt() : null;
  }

  private static void refuseMore(int configured, boolean known, String what) {
    if (!known && configured >= MAX_CONFIGURED) {
      throw new RefusedRequestException(
          Problems.of(
              HttpStatus.CONFLICT,
              "too-many",
              "There are too many " + what + ".",
              MAX_CONFIGURED + " are configured already."));
    }
  }
}
