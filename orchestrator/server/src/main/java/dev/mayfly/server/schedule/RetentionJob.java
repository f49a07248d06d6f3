package dev.mayfly.server.schedule;

import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.log.LogStore;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.quartz.DisallowConcurrentExecution;
import org.quartz.Job;
import org.quartz.JobExecutionContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes old logs and, later, the jobs themselves; and old builds of images. Run by Quartz, on one
 * orchestrator at a time.
 */
@DisallowConcurrentExecution
public class RetentionJob implements Job {
  static final Duration LOGS_KEPT = Duration.ofDays(30);
  static final Duration BUILDS_KEPT = Duration.ofDays(30);
  static final Duration JOBS_KEPT = Duration.ofDays(90);

  /** Per transaction: a log may be large, and its removal must not hold locks for long. */
  private static final int BATCH = 20;

  /** Bounds one run; the next takes the rest. */
  private static final int MAX_BATCHES = 500;

  private static final Logger log = LoggerFactory.getLogger(RetentionJob.class);

  private final JobStore jobs;
  private final LogStore logs;
  private final ImageBuildStore builds;
  private final InstantSource clock;

  RetentionJob(JobStore jobs, LogStore logs, ImageBuildStore builds, InstantSource clock) {
    this.jobs = jobs;
    this.logs = logs;
    this.builds = builds;
    this.clock = clock;
  }

  @Override
  public void execute(JobExecutionContext context) {
    Instant now = clock.instant();
    int removedLogs = 0;
    int removedJobs = 0;
    for (int i = 0; i < MAX_BATCHES; i++) {
      int count = logs.removeFinished(now.minus(LOGS_KEPT), now, BATCH);
      removedLogs += count;
      if (count < BATCH) {
        break;
      }
    }
    for (int i = 0; i < MAX_BATCHES; i++) {
      int count = jobs.removeFinished(now.minus(JOBS_KEPT), BATCH);
      removedJobs += count;
      if (count < BATCH) {
        break;
      }
    }
    int removedBuilds = 0;
    for (int i = 0; i < MAX_BATCHES; i++) {
      int count = builds.removeEnded(now.minus(BUILDS_KEPT), BATCH);
      removedBuilds += count;
      if (count < BATCH) {
        break;
      }
    }
    log.atInfo()
        .addKeyValue("logs", removedLogs)
        .addKeyValue("jobs", removedJobs)
        .addKeyValue("builds", removedBuilds)
        .log("Removed what is old");
  }
}
