package dev.mayfly.core.placement;

import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobEvent;
import dev.mayfly.core.job.JobMachine;
import dev.mayfly.core.job.JobStep;
import dev.mayfly.core.job.JobStore;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends jobs that waited as long as they may, and tells them why they waited. Idempotent; what
 * another changes meanwhile is looked at in the next pass.
 */
public final class QueueTimeoutReconciler {

  /** Bounds one pass; the next one takes the rest. */
  private static final int MAX_JOBS_PER_PASS = 500;

  /** A detail is one sentence for people, not a report on a thousand workers. */
  private static final int MAX_DETAIL = 500;

  private static final Logger log = LoggerFactory.getLogger(QueueTimeoutReconciler.class);

  private final JobStore jobs;
  private final ExplanationStore explanations;
  private final InstantSource clock;

  public QueueTimeoutReconciler(JobStore jobs, ExplanationStore explanations, InstantSource clock) {
    this.jobs = jobs;
    this.explanations = explanations;
    this.clock = clock;
  }

  /** One pass; returns how many jobs it ended. */
  public int reconcile() {
    Instant now = clock.instant();
    List<Job> late = jobs.queueTimedOut(now, MAX_JOBS_PER_PASS);
    if (late.isEmpty()) {
      return 0;
    }
    Set<String> keys = new HashSet<>();
    late.forEach(job -> keys.add(job.spec().demand().key()));
    Map<String, Explanation> reasons = explanations.find(keys);
    int ended = 0;
    for (Job job : late) {
      String because = because(job, reasons.get(job.spec().demand().key()));
      JobStep step = JobMachine.apply(job, new JobEvent.QueueTimedOut(because, now));
      if (step instanceof JobStep.Changed(Job after) && jobs.commit(job, after)) {
        ended++;
        log.atInfo().addKeyValue("job", job.id()).log("Queue timeout");
      }
    }
    return ended;
  }

  private static String because(Job job, @Nullable Explanation explanation) {
    String waited =
        "It waited for " + job.spec().limits().queue().toSeconds() + " s, as long as it may";
    if (explanation == null) {
      return waited + ".";
    }
    String detail = waited + ": " + ExplanationText.line(explanation);
    return detail.length() <= MAX_DETAIL ? detail : detail.substring(0, MAX_DETAIL - 1) + "…";
  }
}
