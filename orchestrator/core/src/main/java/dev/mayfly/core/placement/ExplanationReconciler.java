package dev.mayfly.core.placement;

import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.quota.QuotaStore;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Stores for every demand that waits why it does, in place of what was stored. It plans what
 * placement would do next, commits nothing of it, and looks at what is left. Idempotent. For one
 * thread.
 */
public final class ExplanationReconciler {

  /** So many different demands wait in no sane queue; those of the oldest jobs are explained. */
  private static final int MAX_DEMANDS = 1000;

  /** Enough to know whose turn it is and what is held; read anew every second. */
  private static final int HEADS_PER_PROJECT = 20;

  private final JobStore jobs;
  private final WorkerStore workers;
  private final QuotaStore quotas;
  private final ExplanationStore explanations;
  private final LeasePolicy leases;
  private final InstantSource clock;

  /** Whoever stores any clears them when nothing waits any more; an idle system writes nothing. */
  private boolean cleared;

  public ExplanationReconciler(
      JobStore jobs,
      WorkerStore workers,
      QuotaStore quotas,
      ExplanationStore explanations,
      LeasePolicy leases,
      InstantSource clock) {
    this.jobs = jobs;
    this.workers = workers;
    this.quotas = quotas;
    this.explanations = explanations;
    this.leases = leases;
    this.clock = clock;
  }

  /** One pass; returns how many demands it explained. */
  public int reconcile() {
    Instant now = clock.instant();
    List<JobStore.Waiting> waiting = jobs.waiting(MAX_DEMANDS);
    if (waiting.isEmpty()) {
      if (!cleared) {
        explanations.replace(Map.of());
        cleared = true;
      }
      return 0;
    }
    cleared = false;
    PlacementPlanner.Situation situation =
        new PlacementPlanner.Situation(
            jobs.heads(now, HEADS_PER_PROJECT), workers.fleet(), quotas.quotas(), jobs.use());
    Instant silentSince = leases.silentSince(now);
    PlacementPlanner.Plan plan = PlacementPlanner.plan(situation, silentSince, Integer.MAX_VALUE);
    ExplanationPolicy policy =
        new ExplanationPolicy(situation, plan.held(), now, silentSince, HEADS_PER_PROJECT);
    Map<String, Explanation> byKey = new HashMap<>();
    waiting.forEach(one -> byKey.put(one.demand().key(), policy.explain(one.demand())));
    explanations.replace(byKey);
    return byKey.size();
  }
}
