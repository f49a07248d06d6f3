package dev.mayfly.core.quota;

import dev.mayfly.api.WorkerPoolName;
import java.util.OptionalInt;

/** Port: where quotas are kept. Every call is one transaction. Safe for use by several threads. */
public interface QuotaStore {
  Quotas quotas();

  /** Stores a project's quota in place of what was. Idempotent. */
  void put(Project project);

  /** Stores the cap over all projects; empty: none. Idempotent. */
  void putMaxActive(OptionalInt maxActive);

  /** Stores how a worker pool is filled. Idempotent. */
  void put(WorkerPoolName pool, PoolStrategy strategy);
}
