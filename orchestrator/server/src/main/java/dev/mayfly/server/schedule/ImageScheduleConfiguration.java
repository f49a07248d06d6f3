package dev.mayfly.server.schedule;

import dev.mayfly.core.image.ScheduleForm;
import dev.mayfly.server.persistence.Notices;
import dev.mayfly.server.workers.KeepReconciler;
import java.text.ParseException;
import java.time.InstantSource;
import java.util.Date;
import java.util.Optional;
import org.quartz.CronExpression;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What runs by itself for images. */
@Configuration(proxyBeanMethods = false)
public class ImageScheduleConfiguration {
  private static final int MAX_LENGTH = 120;

  @Bean
  ImageLoops imageLoops(KeepReconciler keep, BuildLoops builds, Notices notices) {
    return new ImageLoops(keep, builds, notices);
  }

  @Bean
  ScheduleForm scheduleForm(InstantSource clock) {
    return cron -> problem(cron, clock);
  }

  private static Optional<String> problem(String cron, InstantSource clock) {
    if (cron.length() > MAX_LENGTH) {
      return Optional.of("is longer than " + MAX_LENGTH + " characters");
    }
    try {
      return new CronExpression(cron).getNextValidTimeAfter(Date.from(clock.instant())) == null
          ? Optional.of("never comes: " + cron)
          : Optional.empty();
    } catch (ParseException invalid) {
      return Optional.of(
          "is not a schedule in Quartz's form such as 0 0 3 * * ? (seconds first): "
              + invalid.getMessage());
    }
  }
}
