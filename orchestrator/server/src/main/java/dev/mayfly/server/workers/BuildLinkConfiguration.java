package dev.mayfly.server.workers;

import dev.mayfly.core.image.ImageBuildStore;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Builds of images on workers. */
@Configuration(proxyBeanMethods = false)
public class BuildLinkConfiguration {

  @Bean
  BuildRelay buildRelay(ConnectedWorkers connected, ImageBuildStore builds) {
    return new BuildRelay(connected, builds);
  }
}
