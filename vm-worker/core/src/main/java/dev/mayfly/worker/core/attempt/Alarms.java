package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.attempt.AttemptMessage.Alarm;
import dev.mayfly.worker.core.time.Timers;
import dev.mayfly.worker.core.time.Timers.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;

/** The alarms of one attempt, one of each kind; they come as messages. Owned by its owner. */
final class Alarms {
  private final Timers timers;
  private final Consumer<AttemptMessage> post;
  private final Map<Alarm, Timer> set = new EnumMap<>(Alarm.class);

  Alarms(Timers timers, Consumer<AttemptMessage> post) {
    this.timers = timers;
    this.post = post;
  }

  /** Puts an alarm in the place of an earlier one of its kind. */
  void set(Alarm alarm, Duration delay) {
    var timer = timers.after(delay, () -> post.accept(new AttemptMessage.TimePassed(alarm)));
    var earlier = set.put(alarm, timer);
    if (earlier != null) {
      earlier.cancel();
    }
  }

  void cancel(Alarm alarm) {
    var timer = set.remove(alarm);
    if (timer != null) {
      timer.cancel();
    }
  }

  void cancelAll() {
    set.values().forEach(Timer::cancel);
    set.clear();
  }
}
