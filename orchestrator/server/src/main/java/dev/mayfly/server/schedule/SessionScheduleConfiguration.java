package dev.mayfly.server.schedule;

import dev.mayfly.server.persistence.Notices;
import dev.mayfly.server.workers.ExecRelay;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What runs by itself for sessions. */
@Configuration(proxyBeanMethods = false)
public class SessionScheduleConfiguration {

  @Bean
  ExecLoops execLoops(ExecRelay relay, Notices notices) {
    return new ExecLoops(relay, notices);
  }
}
