package dev.mayfly.core.job;

import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks for the end of sessions that their front ends forgot. Idempotent; what another changes
 * meanwhile is looked at in the next pass.
 */
public final class SessionReconciler {

  /** Bounds one pass; the next one takes the rest. */
  private static final int MAX_SESSIONS_PER_PASS = 500;

  private static final Logger log = LoggerFactory.getLogger(SessionReconciler.class);

  private final JobStore jobs;
  private final InstantSource clock;

  public SessionReconciler(JobStore jobs, InstantSource clock) {
    this.jobs = jobs;
    this.clock = clock;
  }

  /** One pass; returns how many sessions it abandoned. */
  public int reconcile() {
    Instant now = clock.instant();
    List<Job> forgotten = jobs.sessionsExpired(now, MAX_SESSIONS_PER_PASS);
    int abandoned = 0;
    for (Job job : forgotten) {
      JobStep step =
          JobMachine.apply(job, new JobEvent.EndRequested(new EndRequest.Abandon(), now));
      if (step instanceof JobStep.Changed(Job after) && jobs.commit(job, after)) {
        abandoned++;
        log.atInfo().addKeyValue("job", job.id()).log("Session abandoned");
      }
    }
    return abandoned;
  }
}
