package dev.mayfly.core.placement;

import dev.mayfly.api.JobId;
import dev.mayfly.api.ProjectName;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.BundleSupply;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobEvent;
import dev.mayfly.core.job.JobMachine;
import dev.mayfly.core.job.JobStep;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.quota.QuotaStore;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives waiting jobs to workers. Idempotent; what was refused at the commit, because somebody else
 * was faster, is left to the next pass. For one thread.
 */
public final class PlacementReconciler {

  /** Bounds one commit, and with it how long another orchestrator waits for its turn. */
  private static final int MAX_PLACEMENTS_PER_PASS = 200;

  /** A single project must be able to fill a whole pass. */
  private static final int MAX_HEADS_PER_PROJECT = MAX_PLACEMENTS_PER_PASS;

  /** With so many projects that even this is much, each still brings its next few. */
  private static final int MIN_HEADS_PER_PROJECT = 8;

  /** Reading more than these for a pass costs more than a second, fuller pass would. */
  private static final int MAX_HEADS = 4 * MAX_PLACEMENTS_PER_PASS;

  /** Bounds the questions of one pass; each passes over at least one more kind of job. */
  private static final int MAX_LOOKS = 4;

  private static final Logger log = LoggerFactory.getLogger(PlacementReconciler.class);

  private final JobStore jobs;
  private final WorkerStore workers;
  private final QuotaStore quotas;
  private final BundleSupply.Source supplies;
  private final LeasePolicy leases;
  private final InstantSource clock;
  private int headsPerProject = MAX_HEADS_PER_PROJECT;

  public PlacementReconciler(
      JobStore jobs,
      WorkerStore workers,
      QuotaStore quotas,
      BundleSupply.Source supplies,
      LeasePolicy leases,
      InstantSource clock) {
    this.jobs = jobs;
    this.workers = workers;
    this.quotas = quotas;
    this.supplies = supplies;
    this.leases = leases;
    this.clock = clock;
  }

  /** One pass; returns how many jobs it placed: when any, another pass may place more. */
  public int reconcile() {
    Set<Demand> unfit = new HashSet<>();
    for (int look = 1; look <= MAX_LOOKS; look++) {
      Instant now = clock.instant();
      List<Job> heads =
          unfit.isEmpty()
              ? jobs.heads(now, headsPerProject)
              : jobs.headsBeside(unfit, now, headsPerProject);
      if (heads.isEmpty()) {
        return 0;
      }
      boolean truncated = truncated(heads, headsPerProject);
      if (unfit.isEmpty()) {
        adjust(heads.size(), truncated);
      }
      PlacementPlanner.Plan plan =
          PlacementPlanner.plan(
              PlacementPlanner.Situation.of(
                  heads, workers.fleet(), quotas.quotas(), jobs.use(), supplies),
              leases.silentSince(now),
              MAX_PLACEMENTS_PER_PASS);
      if (!plan.choices().isEmpty()) {
        return commit(plan.choices(), now);
      }
      // Jobs that no worker can take, whatever its room, must not hide those behind them.
      if (!truncated || !unfit.addAll(plan.unfit())) {
        return 0;
      }
    }
    return 0;
  }

  /** The next pass reads about as many heads as it can use, however many projects there are. */
  private void adjust(int heads, boolean truncated) {
    if (heads > MAX_HEADS) {
      headsPerProject = Math.max(MIN_HEADS_PER_PROJECT, headsPerProject / 2);
    } else if (truncated && heads < MAX_PLACEMENTS_PER_PASS) {
      headsPerProject = Math.min(MAX_HEADS_PER_PROJECT, headsPerProject * 2);
    }
  }

  private static boolean truncated(List<Job> heads, int depth) {
    Map<ProjectName, Integer> counts = new HashMap<>();
    heads.forEach(job -> counts.merge(job.spec().demand().project(), 1, Integer::sum));
    return counts.values().stream().anyMatch(count -> count >= depth);
  }

  private int commit(List<PlacementPlanner.Choice> choices, Instant now) {
    List<JobStore.Placement> placements = new ArrayList<>();
    for (PlacementPlanner.Choice choice : choices) {
      JobStep step =
          JobMachine.apply(choice.job(), new JobEvent.Placed(choice.worker(), leases, now));
      if (step instanceof JobStep.Changed(Job after)) {
        placements.add(new JobStore.Placement(choice.job(), after));
      }
    }
    Set<JobId> committed = jobs.commitPlacements(placements);
    for (JobStore.Placement placement : placements) {
      if (committed.contains(placement.after().id())) {
        log.atInfo()
            .addKeyValue("attempt", placement.after().currentAttempt().id())
            .addKeyValue("worker", placement.after().currentAttempt().worker())
            .log("Placed");
      }
    }
    return committed.size();
  }
}
