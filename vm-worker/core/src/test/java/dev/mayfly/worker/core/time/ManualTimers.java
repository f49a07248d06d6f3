package dev.mayfly.worker.core.time;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** A clock that stands still until a test moves it; timers fire on the thread that moves it. */
public final class ManualTimers implements Timers {
  private final List<Pending> pending = new ArrayList<>();
  private long now = 1_000_000_000L;

  private final class Pending implements Timer {
    final long due;
    final Runnable action;

    Pending(long due, Runnable action) {
      this.due = due;
      this.action = action;
    }

    @Override
    public void cancel() {
      synchronized (ManualTimers.this) {
        pending.remove(this);
      }
    }
  }

  @Override
  public synchronized long nanoTime() {
    return now;
  }

  @Override
  public synchronized Timer after(Duration delay, Runnable action) {
    var timer = new Pending(now + Math.max(0, delay.toNanos()), action);
    pending.add(timer);
    return timer;
  }

  /** Moves time forward and fires what becomes due, in order. */
  public void advance(Duration by) {
    long target;
    synchronized (this) {
      target = now + by.toNanos();
    }
    while (true) {
      var next = takeDue(target);
      if (next.isEmpty()) {
        break;
      }
      next.get().action.run();
    }
    synchronized (this) {
      now = target;
    }
  }

  /** How long until the next timer fires. */
  public synchronized Duration untilNext() {
    return Duration.ofNanos(
        pending.stream().mapToLong(timer -> timer.due - now).min().orElseThrow());
  }

  /** Whether a timer fires exactly so long from now. */
  public synchronized boolean firesIn(Duration delay) {
    return pending.stream().anyMatch(timer -> timer.due - now == delay.toNanos());
  }

  public synchronized int pendingCount() {
    return pending.size();
  }

  private synchronized Optional<Pending> takeDue(long target) {
    var due =
        pending.stream()
            .filter(timer -> timer.due <= target)
            .min(Comparator.comparingLong(timer -> timer.due));
    due.ifPresent(timer -> {
      pending.remove(timer);
      now = Math.max(now, timer.due);
    });
    return due;
  }
}
