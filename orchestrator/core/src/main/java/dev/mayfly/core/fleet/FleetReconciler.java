package dev.mayfly.core.fleet;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.lease.LeasePolicy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices workers that fell silent or are lost, and quarantines those that break job after job.
 * Idempotent.
 */
public final class FleetReconciler {

  /**
   * One fault is chance and a job is retried elsewhere after it; three in a row without a success
   * between them are the worker's.
   */
  static final int FAULTS_UNTIL_QUARANTINE = 3;

  /** Long enough for a rarely used worker's row, short enough to forget yesterday's. */
  static final Duration FAULT_WINDOW = Duration.ofMinutes(10);

  private static final Logger log = LoggerFactory.getLogger(FleetReconciler.class);

  private final WorkerStore workers;
  private final LeasePolicy leases;
  private final InstantSource clock;

  public FleetReconciler(WorkerStore workers, LeasePolicy leases, InstantSource clock) {
    this.workers = workers;
    this.leases = leases;
    this.clock = clock;
  }

  /** One pass; returns how many workers it changed. */
  public int reconcile() {
    Instant now = clock.instant();
    int silent = workers.markSilent(leases.silentSince(now));
    int lost = workers.markLost(leases.lostSince(now));
    if (silent + lost > 0) {
      log.atWarn().addKeyValue("silent", silent).addKeyValue("lost", lost).log("Workers missed");
    }
    return silent + lost + quarantine(now);
  }

  private int quarantine(Instant now) {
    Map<WorkerId, Integer> streaks =
        workers.faultStreaks(now.minus(FAULT_WINDOW), FAULTS_UNTIL_QUARANTINE);
    int quarantined = 0;
    for (Map.Entry<WorkerId, Integer> streak : streaks.entrySet()) {
      Optional<Worker> worker = workers.find(streak.getKey());
      if (worker.isEmpty()) {
        continue;
      }
      String reason = reason(streak.getValue());
      Duty before = worker.get().duty();
      Duty after = WorkerMachine.apply(before, new WorkerEvent.Order.Quarantine(reason, now));
      if (!after.equals(before) && workers.setDuty(streak.getKey(), after)) {
        quarantined++;
        log.atError()
            .addKeyValue("worker", streak.getKey())
            .addKeyValue("faults", streak.getValue())
            .log("Quarantined");
      }
    }
    return quarantined;
  }

  private static String reason(int faults) {
    return faults
        + " PLATFORM faults in a row within "
        + FAULT_WINDOW.toMinutes()
        + " minutes; "
        + FAULTS_UNTIL_QUARANTINE
        + " are the limit";
  }
}
