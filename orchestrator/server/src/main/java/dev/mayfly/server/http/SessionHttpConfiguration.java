package dev.mayfly.server.http;

import dev.mayfly.core.exec.ExecNudges;
import dev.mayfly.core.exec.ExecStore;
import dev.mayfly.core.log.LogStore;
import java.time.InstantSource;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import tools.jackson.databind.json.JsonMapper;

/** REST of sessions. */
@Configuration(proxyBeanMethods = false)
@Import({
  SessionController.class,
  ExecController.class,
  ExecLogController.class,
  FileController.class
})
public class SessionHttpConfiguration {

  @Bean
  ExecStreams execStreams(ExecStore execs, LogStore logs, JsonMapper json, InstantSource clock) {
    return new ExecStreams(execs, logs, json, clock);
  }

  @Bean
  Transfers transfers(ExecStore execs, LogStore logs, ExecNudges nudges, InstantSource clock) {
    return new Transfers(execs, logs, nudges, clock);
  }

  @Bean
  FilterRegistrationBean<UnfinishedAnswerFilter> unfinishedAnswers() {
    FilterRegistrationBean<UnfinishedAnswerFilter> registration =
        new FilterRegistrationBean<>(new UnfinishedAnswerFilter());
    registration.setOrder(Ordered.LOWEST_PRECEDENCE - 1);
    return registration;
  }
}
