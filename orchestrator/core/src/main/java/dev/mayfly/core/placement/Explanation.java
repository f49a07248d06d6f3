package dev.mayfly.core.placement;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Why jobs of one demand wait: one reason per worker and per rule, the soonest to pass first.
 *
 * @param at when it was worked out
 * @param impossible no worker there is, however idle, could ever take such a job
 */
public record Explanation(Instant at, boolean impossible, List<Reason> reasons) {

  /** What stands in the way. The order is how soon it tends to pass. */
  public enum Rule {
    /** It waits its turn: others of its project or of other projects go first. */
    TURN,
    /** Its image is being built, or waits for a worker that builds it. */
    IMAGE_BUILDING,
    /** A pause after a fault. */
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
    LABEL_MISSING,
    TOO_SMALL,
    ARCHITECTURE,
    LEFT,
    NO_WORKERS
  }

  /**
   * One reason.
   *
   * @param worker name of the worker it is about; empty: not about a worker, or about {@code
   *     workers} of them at once
   * @param workers how many workers it stands for; 0: it is not about workers
   * @param text what is wrong, for people, without the worker's name
   */
  public record Reason(Rule rule, Optional<String> worker, int workers, String text) {}

  public Explanation {
    reasons = List.copyOf(reasons);
  }
}
