package dev.mayfly.core.image;

import java.util.Optional;

/** Port: knows the form in which schedules are written. Thread-safe. */
@FunctionalInterface
public interface ScheduleForm {

  /** What is wrong with it, for people; nothing when it is right. */
  Optional<String> problem(String cron);
}
