package dev.mayfly.core.fleet;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Port: where workers are kept. Safe for use by several threads. */
public interface WorkerStore {

  /**
   * Stores what a worker said of itself, in place of what it said before; its duty stays as it was.
   * Idempotent.
   */
  void register(Worker worker);

  /**
   * Notes that a worker was heard of: it is online, unless it has left ({@link WorkerMachine}).
   *
   * @param bundles what it has ready now; empty: unchanged
   * @return false when there is no such worker
   */
  boolean heartbeat(WorkerId worker, Instant at, Set<BundleDigest> bundles);

  /** Sets the state of a worker; nothing when there is no such worker. Idempotent. */
  void mark(WorkerId worker, WorkerState state);

  /** Marks as silent whoever is joining or online and was last heard of before it; how many. */
  int markSilent(Instant lastSeenBefore);

  /** Marks as lost whoever is silent and was last heard of before the instant; how many. */
  int markLost(Instant lastSeenBefore);

  /**
   * Sets what a worker is meant to do. Idempotent.
   *
   * @return false when there is no such worker
   */
  boolean setDuty(WorkerId worker, Duty duty);

  /**
   * Workers that accept work whose latest ended attempts, at least {@code least} in a row, all
   * ended in a PLATFORM fault of the worker's making (not WORKER_LOST or WORKER_LEAVING, which
   * break the row as success does), and how long the row is. Only attempts that ended after the
   * instant count, and none that had ended when the worker was last set {@link Duty.Accepting}.
   */
  Map<WorkerId, Integer> faultStreaks(Instant since, int least);

  Optional<Worker> find(WorkerId worker);

  /** A worker by name or id; the one heard of last when several have the name. */
  Optional<Worker> findByNameOrId(String nameOrId);

  /** Every worker ever registered and what its unfinished attempts reserve, at one instant. */
  FleetView fleet();
}
