package dev.mayfly.core.quota;

import dev.mayfly.api.ProjectName;
import dev.mayfly.api.WorkerPoolName;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Who may use how much, and how pools are filled; consistent at one instant.
 *
 * @param maxActive hard cap of jobs on workers at once, over all projects; empty: none
 * @param projects those somebody configured
 * @param pools those somebody configured; the others spread
 */
public record Quotas(
    OptionalInt maxActive,
    Map<ProjectName, Project> projects,
    Map<WorkerPoolName, PoolStrategy> pools) {

  public static final Quotas NONE = new Quotas(OptionalInt.empty(), Map.of(), Map.of());

  public Quotas {
    projects = Map.copyOf(projects);
    pools = Map.copyOf(pools);
  }

  public Project project(ProjectName name) {
    Project project = projects.get(name);
    return project == null ? Project.unconfigured(name) : project;
  }

  public PoolStrategy strategy(WorkerPoolName pool) {
    return pools.getOrDefault(pool, PoolStrategy.SPREAD);
  }
}
