package dev.mayfly.core.image;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * Port: what workers fetch or could not fetch; what they have ready is known with the worker. Safe
 * for use by several threads and several orchestrators.
 */
public interface BundleOnWorkerStore {

  /** All that a worker says, in place of what it said; nothing when the worker is not known. */
  void replace(WorkerId worker, List<BundleOnWorker> states);

  /** What workers that have not left say about these bundles. */
  Map<WorkerId, List<BundleOnWorker>> find(Collection<BundleDigest> bundles);
}
