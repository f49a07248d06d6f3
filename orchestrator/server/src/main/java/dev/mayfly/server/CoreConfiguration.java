package dev.mayfly.server;

import dev.mayfly.core.image.FirstUsePolicy;
import dev.mayfly.core.image.ImageBuildDesk;
import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.image.ImagePolicyStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.job.JobDesk;
import dev.mayfly.core.job.JobIds;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.quota.AdmissionPolicy;
import dev.mayfly.image.bundle.RecipeNames;
import dev.mayfly.server.config.OrchestratorSettings;
import dev.mayfly.server.logs.LogFeed;
import dev.mayfly.server.persistence.Notices;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The core's objects as beans. */
@Configuration(proxyBeanMethods = false)
class CoreConfiguration {

  /** PostgreSQL keeps microseconds; what is finer would differ after it was stored. */
  @Bean
  InstantSource clock() {
    return Clock.tick(Clock.systemUTC(), Duration.ofNanos(1000));
  }

  @Bean
  ImageBuildDesk imageBuildDesk(
      ImageBuildStore builds,
      ImagePolicyStore policies,
      OrchestratorSettings settings,
      InstantSource clock) {
    return new ImageBuildDesk(
        builds,
        policies,
        new FirstUsePolicy(RecipeNames.all(), settings.firstUse()),
        UUID::randomUUID,
        clock);
  }

  @Bean
  JobDesk jobDesk(
      JobStore jobs,
      ImageStore images,
      ImageBuildDesk builds,
      OrchestratorSettings settings,
      InstantSource clock) {
    return new JobDesk(
        jobs,
        images,
        builds,
        new AdmissionPolicy(settings.maxQueuedJobs()),
        new JobIds(clock, new SecureRandom()),
        clock);
  }

  @Bean
  LogFeed logFeed(Notices notices) {
    return new LogFeed(notices::job);
  }
}
