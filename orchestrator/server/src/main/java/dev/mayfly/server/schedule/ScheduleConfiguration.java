package dev.mayfly.server.schedule;

import dev.mayfly.core.fleet.FleetReconciler;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.BundleOnWorkerStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.BundleSupply;
import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.LeaseReconciler;
import dev.mayfly.core.job.SessionReconciler;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.placement.ExplanationReconciler;
import dev.mayfly.core.placement.ExplanationStore;
import dev.mayfly.core.placement.PlacementReconciler;
import dev.mayfly.core.placement.QueueTimeoutReconciler;
import dev.mayfly.core.quota.QuotaStore;
import dev.mayfly.server.persistence.Notices;
import dev.mayfly.server.persistence.PlacementNews;
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
      QuotaStore quotas,
      BundleStore bundles,
      BundleOnWorkerStore onWorkers,
      ImageBuildStore builds,
      ExplanationStore explanations,
      AssignmentReconciler assignments,
      PlacementNews news,
      Notices notices,
      LeasePolicy leases,
      InstantSource clock) {
    BundleSupply.Source supplies = BundleSupply.Source.over(bundles, onWorkers);
    return new Reconcilers(
        new Reconcilers.All(
            new PlacementReconciler(jobs, workers, quotas, supplies, leases, clock),
            new ExplanationReconciler(
                jobs, workers, quotas, supplies, builds, explanations, leases, clock),
            assignments,
            new LeaseReconciler(jobs, clock),
            new QueueTimeoutReconciler(jobs, explanations, clock),
            new SessionReconciler(jobs, clock),
            new FleetReconciler(workers, leases, clock)),
        news,
        notices,
        leases);
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
