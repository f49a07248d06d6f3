package dev.mayfly.core.placement;

import dev.mayfly.core.job.Demand;
import java.util.Collection;
import java.util.Map;

/**
 * Port: where explanations are kept, one per {@link Demand#key()}. Every call is one transaction.
 * Safe for use by several threads and several orchestrators.
 */
public interface ExplanationStore {

  /** Stores explanations by key, in place of all that were stored. */
  void replace(Map<String, Explanation> explanations);

  /** Those of the keys that have one. */
  Map<String, Explanation> find(Collection<String> keys);
}
