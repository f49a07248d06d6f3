package dev.mayfly.core.job;

import dev.mayfly.core.lease.Lease;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends attempts whose lease has expired as lost. Idempotent; does not retry by itself: whatever
 * another changes meanwhile is looked at in the next pass.
 */
public final class LeaseReconciler {

  /** Bounds one pass; the next one takes the rest. */
  private static final int MAX_EXPIRED_PER_PASS = 500;

  private static final Logger log = LoggerFactory.getLogger(LeaseReconciler.class);

  private final JobStore jobs;
  private final InstantSource clock;

  public LeaseReconciler(JobStore jobs, InstantSource clock) {
    this.jobs = jobs;
    this.clock = clock;
  }

  /** One pass; returns how many attempts it ended. */
  public int reconcile() {
    Instant now = clock.instant();
    List<Job> expired = jobs.expired(now, MAX_EXPIRED_PER_PASS);
    int ended = 0;
    for (Job job : expired) {
      Attempt attempt = job.currentAttempt();
      Lease lease = attempt.lease();
      JobStep step =
          JobMachine.apply(
              job,
              new JobEvent.OnAttempt(
                  attempt.id(), lease.epoch(), new AttemptEvent.LeaseExpired(now)));
      if (step instanceof JobStep.Changed(Job after) && jobs.commit(job, after)) {
        ended++;
        log.atWarn()
            .addKeyValue("attempt", attempt.id())
            .addKeyValue("worker", attempt.worker())
            .log("Lease expired");
      }
    }
    return ended;
  }
}
