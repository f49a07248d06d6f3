package dev.mayfly.core.placement;

import dev.mayfly.api.WorkerId;

/** What placement decided about one job. */
public sealed interface PlacementDecision {
  record Place(WorkerId worker) implements PlacementDecision {}

  /**
   * No worker can take it now.
   *
   * @param eligible how many could, had they room; 0: waiting for room does not help
   */
  record Wait(int eligible) implements PlacementDecision {}
}
