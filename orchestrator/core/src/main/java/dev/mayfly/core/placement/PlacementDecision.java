package dev.mayfly.core.placement;

import dev.mayfly.api.WorkerId;
import org.jspecify.annotations.Nullable;

/** What placement decided about one job. */
public sealed interface PlacementDecision {
  record Place(WorkerId worker) implements PlacementDecision {}

  /**
   * No worker can take it now.
   *
   * @param because one sentence per worker, for the user
   * @param hold the worker to keep free for it, so that later, smaller jobs do not starve it
   */
  record Wait(String because, @Nullable WorkerId hold) implements PlacementDecision {}
}
