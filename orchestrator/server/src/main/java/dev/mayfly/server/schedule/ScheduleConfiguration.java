package dev.mayfly.server.schedule;

import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.LeaseReconciler;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.placement.PlacementReconciler;
import dev.mayfly.server.workers.AssignmentReconciler;
import java.time.InstantSource;
import org.quartz.CronScheduleBuilder;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What runs by itself: reconcilers in their loops, retention by Quartz. */
@Configuration(proxyBeanMethods = false)
public class ScheduleConfiguration {
  private static final String RETENTION = "retention";

  /** Hourly, off the full hour, when everybody else's hourly work runs. */
  private static final String HOURLY = "0 17 * * * ?";

  @Bean
  Reconcilers reconcilers(
      JobStore jobs,
      WorkerStore workers,
      AssignmentReconciler assignments,
      LeasePolicy leases,
      InstantSource clock) {
    return new Reconcilers(
        new PlacementReconciler(jobs, workers, leases, clock),
        assignments,
        new LeaseReconciler(jobs, clock),
        workers,
        leases,
        clock);
  }

  @Bean
  JobDetail retentionJob() {
    return JobBuilder.newJob(RetentionJob.class)
        .withIdentity(RETENTION)
        .withDescription("Removes old logs and jobs")
        .storeDurably()
        .build();
  }

  @Bean
  Trigger retentionTrigger(JobDetail retentionJob) {
    return TriggerBuilder.newTrigger()
        .forJob(retentionJob)
        .withIdentity(RETENTION)
        .withSchedule(
            CronScheduleBuilder.cronSchedule(HOURLY).withMisfireHandlingInstructionFireAndProceed())
        .build();
  }
}
