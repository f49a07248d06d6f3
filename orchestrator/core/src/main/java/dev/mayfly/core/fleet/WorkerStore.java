package dev.mayfly.core.fleet;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/** Port: where workers are kept. Safe for use by several threads. */
public interface WorkerStore {

  /** Stores what a worker said of itself, in place of what it said before. Idempotent. */
  void register(Worker worker);

  /**
   * Notes that a worker was heard of: it is online.
   *
   * @param bundles what it has ready now; empty: unchanged
   * @return false when there is no such worker
   */
  boolean heartbeat(WorkerId worker, Instant at, Set<BundleDigest> bundles);

  /** Sets the state of a worker; nothing when there is no such worker. Idempotent. */
  void mark(WorkerId worker, WorkerState state);

  /** Marks as silent whoever is online and was last heard of before the instant; how many. */
  int markSilent(Instant lastSeenBefore);

  Optional<Worker> find(WorkerId worker);

  /** Every worker ever registered and what its unfinished attempts reserve, at one instant. */
  FleetView fleet();
}
