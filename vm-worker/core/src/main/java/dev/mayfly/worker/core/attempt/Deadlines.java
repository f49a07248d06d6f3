package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.attempt.AttemptMessage.Alarm;
import dev.mayfly.worker.core.time.Timers;
import java.time.Duration;

/**
 * Until when an attempt may go on: the limit of the job, and the grace of what is asked to end.
 * Owned by the attempt's owner.
 */
final class Deadlines {
  /**
   * To take in what a guest still has of a command that has ended: 64 MiB at a rate that any disk
   * has. Before that, longer than a broken connection takes to come again with the assignment.
   */
  static final Duration TAKE_IN_LIMIT = Duration.ofMinutes(1);

  private final AttemptTerms terms;
  private final Timers timers;
  private final Alarms alarms;
  private Duration least = Duration.ZERO;
  private long graceOver;

  /**
   * None is set.
   *
   * @param graceOver that an earlier worker process gave; of no meaning when it gave none
   */
  Deadlines(AttemptTerms terms, Timers timers, Alarms alarms, long graceOver) {
    this.terms = terms;
    this.timers = timers;
    this.alarms = alarms;
    this.graceOver = graceOver;
  }

  /** A command that ended while no worker process was there has ended, whatever the time is now. */
  void greeted(LiveGuest guest) {
    if (!terms.session() && guest.hadEnded(0)) {
      least = TAKE_IN_LIMIT;
    }
  }

  /** The limit of the job counts from here. */
  void started(long nanoTime) {
    set(Alarm.TIME_UP, terms.timeout().minus(timers.since(nanoTime)));
  }

  /** The grace that an earlier worker process gave goes on. */
  void resumeGrace() {
    set(Alarm.GRACE_OVER, Duration.ofNanos(graceOver - timers.nanoTime()));
  }

  /** Gives a first grace; returns when it is over. */
  long giveGrace(Duration grace) {
    graceOver = timers.nanoTime() + grace.toNanos();
    set(Alarm.GRACE_OVER, grace);
    return graceOver;
  }

  /** A later reason can only shorten the grace. */
  void shortenGrace(Duration grace) {
    if (timers.nanoTime() + grace.toNanos() - graceOver < 0) {
      var unused = giveGrace(grace);
    }
  }

  private void set(Alarm alarm, Duration left) {
    alarms.set(alarm, left.compareTo(least) < 0 ? least : left);
  }
}
