package dev.mayfly.core.quota;

import dev.mayfly.api.ProjectName;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.job.InMemoryDatabase;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;

/** A {@link QuotaStore} in a field. */
public final class InMemoryQuotaStore implements QuotaStore {
  private final InMemoryDatabase database;

  public InMemoryQuotaStore(InMemoryDatabase database) {
    this.database = database;
  }

  @Override
  public Quotas quotas() {
    synchronized (database) {
      return database.quotas;
    }
  }

  @Override
  public void put(Project project) {
    synchronized (database) {
      Map<ProjectName, Project> projects = new HashMap<>(quotas().projects());
      projects.put(project.name(), project);
      database.quotas = new Quotas(quotas().maxActive(), projects, quotas().pools());
    }
  }

  @Override
  public void putMaxActive(OptionalInt maxActive) {
    synchronized (database) {
      database.quotas = new Quotas(maxActive, quotas().projects(), quotas().pools());
    }
  }

  @Override
  public void put(WorkerPoolName pool, PoolStrategy strategy) {
    synchronized (database) {
      Map<WorkerPoolName, PoolStrategy> pools = new HashMap<>(quotas().pools());
      pools.put(pool, strategy);
      database.quotas = new Quotas(quotas().maxActive(), quotas().projects(), pools);
    }
  }
}
