package dev.mayfly.core.placement;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobEvent;
import dev.mayfly.core.job.JobMachine;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.job.JobStep;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.lease.LeasePolicy;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives waiting jobs to workers, oldest first, and stores why the others wait. Idempotent; a job
 * that somebody else changed meanwhile is left to the next pass.
 */
public final class PlacementReconciler {

  /** Bounds one pass. Jobs behind it wait for those before them, as they should. */
  private static final int MAX_JOBS_PER_PASS = 200;

  private static final Logger log = LoggerFactory.getLogger(PlacementReconciler.class);

  private final JobStore jobs;
  private final WorkerStore workers;
  private final LeasePolicy leases;
  private final InstantSource clock;

  public PlacementReconciler(
      JobStore jobs, WorkerStore workers, LeasePolicy leases, InstantSource clock) {
    this.jobs = jobs;
    this.workers = workers;
    this.leases = leases;
    this.clock = clock;
  }

  /** One pass; returns how many jobs it placed. */
  public int reconcile() {
    List<Job> queued = jobs.queued(MAX_JOBS_PER_PASS);
    if (queued.isEmpty()) {
      return 0;
    }
    Instant now = clock.instant();
    Instant silentSince = leases.silentSince(now);
    FleetView fleet = workers.fleet();
    int placed = 0;
    for (Job job : queued) {
      switch (PlacementPolicy.decide(job.spec(), fleet, silentSince)) {
        case PlacementDecision.Place(WorkerId worker) -> {
          if (place(job, worker)) {
            placed++;
          }
          // Also when the commit failed: the worker may be fuller than this view shows.
          fleet = fleet.with(worker, job.spec().shape());
        }
        case PlacementDecision.Wait wait -> {
          explain(job, wait.because());
          WorkerId hold = wait.hold();
          if (hold != null) {
            fleet = fleet.holding(hold);
          }
        }
      }
    }
    return placed;
  }

  private boolean place(Job job, WorkerId worker) {
    JobStep step = JobMachine.apply(job, new JobEvent.Placed(worker, leases, clock.instant()));
    if (step instanceof JobStep.Changed(Job after) && jobs.commitPlacement(job, after)) {
      log.atInfo()
          .addKeyValue("attempt", after.currentAttempt().id())
          .addKeyValue("worker", worker)
          .log("Placed");
      return true;
    }
    return false;
  }

  private void explain(Job job, String because) {
    if (job.progress() instanceof JobProgress.Queued(String stored) && because.equals(stored)) {
      return;
    }
    jobs.explain(job.id(), because);
  }
}
