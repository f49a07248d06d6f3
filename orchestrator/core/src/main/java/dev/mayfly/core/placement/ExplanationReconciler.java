package dev.mayfly.core.placement;

import dev.mayfly.api.ImageRef;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.BundleSupply;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.quota.QuotaStore;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
  private final BundleSupply.Source supplies;
  private final ImageBuildStore builds;
  private final ExplanationStore explanations;
  private final LeasePolicy leases;
  private final InstantSource clock;

  /** Whoever stores any clears them when nothing waits any more; an idle system writes nothing. */
  private boolean cleared;

  public ExplanationReconciler(
      JobStore jobs,
      WorkerStore workers,
      QuotaStore quotas,
      BundleSupply.Source supplies,
      ImageBuildStore builds,
      ExplanationStore explanations,
      LeasePolicy leases,
      InstantSource clock) {
    this.jobs = jobs;
    this.workers = workers;
    this.quotas = quotas;
    this.supplies = supplies;
    this.builds = builds;
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
    PlacementPlanner.Situation situation = situation(jobs.heads(now, HEADS_PER_PROJECT), waiting);
    Instant silentSince = leases.silentSince(now);
    PlacementPlanner.Plan plan = PlacementPlanner.plan(situation, silentSince, Integer.MAX_VALUE);
    ExplanationPolicy policy =
        new ExplanationPolicy(
            situation, plan.held(), building(waiting), now, silentSince, HEADS_PER_PROJECT);
    Map<String, Explanation> byKey = new HashMap<>();
    waiting.forEach(one -> byKey.put(one.demand().key(), policy.explain(one.demand())));
    explanations.replace(byKey);
    return byKey.size();
  }

  private PlacementPlanner.Situation situation(List<Job> heads, List<JobStore.Waiting> waiting) {
    FleetView fleet = workers.fleet();
    BundleSupply supply =
        supplies.of(
            PlacementPlanner.Situation.lacking(
                Stream.concat(
                    heads.stream().map(job -> job.spec().demand()),
                    waiting.stream().map(JobStore.Waiting::demand)),
                fleet));
    return new PlacementPlanner.Situation(heads, fleet, quotas.quotas(), jobs.use(), supply);
  }

  /** The latest builds of the images that are waited for. */
  private Map<ImageRef, ImageBuild> building(List<JobStore.Waiting> waiting) {
    Set<ImageRef> images =
        waiting.stream()
            .map(JobStore.Waiting::demand)
            .filter(demand -> demand.bundle().isEmpty())
            .map(Demand::image)
            .collect(Collectors.toSet());
    return images.isEmpty() ? Map.of() : builds.latest(images);
  }
}
