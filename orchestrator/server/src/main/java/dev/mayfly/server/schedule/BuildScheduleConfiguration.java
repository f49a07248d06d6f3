package dev.mayfly.server.schedule;

import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.ImageBuildDesk;
import dev.mayfly.core.image.ImageBuildReconciler;
import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.image.ImagePolicyStore;
import dev.mayfly.core.image.ImageRefresh;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.image.RefreshPlanner;
import dev.mayfly.core.job.ImageWaitReconciler;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.placement.Nudges;
import dev.mayfly.server.workers.BuildRelay;
import java.text.ParseException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.Optional;
import org.quartz.CronExpression;
import org.quartz.CronScheduleBuilder;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What runs by itself for builds of images: giving them out, refresh, and removal. */
@Configuration(proxyBeanMethods = false)
public class BuildScheduleConfiguration {
  private static final String REFRESH = "image-refresh";
  private static final String COLLECTION = "image-collection";

  /** As often as a policy may ask at most. */
  private static final String EVERY_MINUTE = "30 * * * * ?";

  private static final String NIGHTLY = "0 43 2 * * ?";

  @Bean
  BuildLoops buildLoops(
      ImageBuildStore builds,
      ImageStore images,
      ImageBuildDesk desk,
      JobStore jobs,
      WorkerStore workers,
      BuildRelay relay,
      Nudges nudges,
      LeasePolicy leases,
      InstantSource clock) {
    return new BuildLoops(
        new ImageBuildReconciler(builds, images, workers, leases, clock),
        new ImageWaitReconciler(jobs, images, builds, desk, clock),
        relay,
        nudges);
  }

  @Bean
  ImageRefresh imageRefresh(
      ImagePolicyStore policies,
      ImageStore images,
      BundleStore bundles,
      ImageBuildDesk desk,
      InstantSource clock) {
    RefreshPlanner.Schedule schedule = BuildScheduleConfiguration::next;
    return new ImageRefresh(policies, images, bundles, desk, schedule, clock);
  }

  private static Optional<Instant> next(String cron, Instant after) {
    try {
      return Optional.ofNullable(new CronExpression(cron).getNextValidTimeAfter(Date.from(after)))
          .map(Date::toInstant);
    } catch (ParseException checkedWhenItWasSet) {
      return Optional.empty();
    }
  }

  @Bean
  JobDetail imageRefreshJob() {
    return job(ImageRefreshJob.class, REFRESH, "Asks for builds that are due by policy");
  }

  @Bean
  Trigger imageRefreshTrigger(JobDetail imageRefreshJob) {
    return trigger(imageRefreshJob, REFRESH, EVERY_MINUTE);
  }

  @Bean
  JobDetail imageCollectionJob() {
    return job(ImageCollectionJob.class, COLLECTION, "Removes images that nobody needs");
  }

  @Bean
  Trigger imageCollectionTrigger(JobDetail imageCollectionJob) {
    return trigger(imageCollectionJob, COLLECTION, NIGHTLY);
  }

  private static JobDetail job(Class<? extends Job> type, String name, String description) {
    return JobBuilder.newJob(type)
        .withIdentity(name)
        .withDescription(description)
        .storeDurably()
        .build();
  }

  private static Trigger trigger(JobDetail job, String name, String cron) {
    return TriggerBuilder.newTrigger()
        .forJob(job)
        .withIdentity(name)
        .withSchedule(
            CronScheduleBuilder.cronSchedule(cron).withMisfireHandlingInstructionFireAndProceed())
        .build();
  }
}
