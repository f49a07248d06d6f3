package dev.mayfly.core.placement;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.image.BundleSupply;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.placement.Explanation.Rule;
import java.time.Instant;
import java.util.Optional;

/**
 * The hard rules between a demand and a worker, whatever else runs on it. Pure. The rules that time
 * alone cannot change come first, so that a job that can never run says so although every worker
 * happens to be silent.
 */
final class FitPolicy {

  private FitPolicy() {}

  /**
   * The first rule by which the worker, were it idle, would not take such a job now; empty: it
   * would.
   *
   * @param supply of the bundles that workers may lack
   * @param silentSince who was last heard of before this gets no work
   */
  static Optional<Rule> obstacle(
      Demand demand, Worker worker, BundleSupply supply, Instant silentSince) {
    Optional<Rule> kind = kind(demand, worker);
    if (kind.isPresent()) {
      return kind;
    }
    return worker.capacity().holds(demand.shape())
        ? absence(demand, worker, supply, silentSince)
        : Optional.of(Rule.TOO_SMALL);
  }

  /**
   * Whether every rule but that of size is kept; the same for demands that differ in shape only.
   */
  static boolean suits(Demand demand, Worker worker, BundleSupply supply, Instant silentSince) {
    return kind(demand, worker).isEmpty() && absence(demand, worker, supply, silentSince).isEmpty();
  }

  /** Of what the worker is: it would have to become another one. */
  private static Optional<Rule> kind(Demand demand, Worker worker) {
    if (worker.state() == WorkerState.LEFT) {
      return Optional.of(Rule.LEFT);
    }
    if (!worker.architecture().equals(demand.architecture())) {
      return Optional.of(Rule.ARCHITECTURE);
    }
    return worker.labels().containsAll(demand.labels())
        ? Optional.empty()
        : Optional.of(Rule.LABEL_MISSING);
  }

  /** Of how the worker is at the moment. */
  private static Optional<Rule> absence(
      Demand demand, Worker worker, BundleSupply supply, Instant silentSince) {
    if (worker.state() != WorkerState.ONLINE || worker.lastSeenAt().isBefore(silentSince)) {
      return Optional.of(Rule.SILENT);
    }
    Optional<Rule> offDuty =
        switch (worker.duty()) {
          case Duty.Accepting _ -> Optional.empty();
          case Duty.Draining _ -> Optional.of(Rule.DRAINING);
          case Duty.Quarantined _ -> Optional.of(Rule.QUARANTINED);
        };
    if (offDuty.isPresent()) {
      return offDuty;
    }
    if (!worker.hasUsableVmm()) {
      return Optional.of(Rule.NO_VMM);
    }
    if (demand.bundle().isEmpty()) {
      return Optional.of(Rule.IMAGE_BUILDING);
    }
    BundleDigest bundle = demand.bundle().get();
    return worker.bundles().contains(bundle) || supply.serves(bundle)
        ? Optional.empty()
        : Optional.of(Rule.IMAGE_ABSENT);
  }

  /** Whether waiting does not help: the worker as it is could never take such a job. */
  static boolean permanent(Rule rule) {
    return switch (rule) {
      case ARCHITECTURE, LABEL_MISSING, TOO_SMALL, LEFT -> true;
      case TURN,
          IMAGE_BUILDING,
          BACKOFF,
          BUSY,
          HELD,
          PROJECT_CAP,
          GLOBAL_CAP,
          DRAINING,
          QUARANTINED,
          SILENT,
          IMAGE_ABSENT,
          NO_VMM,
          NO_WORKERS ->
          false;
    };
  }
}
