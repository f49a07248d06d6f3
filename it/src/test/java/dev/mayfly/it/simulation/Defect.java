package dev.mayfly.it.simulation;

/**
 * A mistake that can be built into a simulation on purpose, to see that it is found. Each is one
 * that a link between worker and orchestrator, or a store, could really have.
 */
enum Defect {
  NONE,
  /** Reports are taken for the current attempt whatever their epoch, and no lease is ever void. */
  NOTHING_IS_FENCED,
  /** Log chunks are acknowledged before they are stored. */
  LOG_IS_ACKNOWLEDGED_FIRST,
  /** A new assignment's lease counts in full from its arrival, not from its commit. */
  LEASE_COUNTS_FROM_ARRIVAL,
  /** What an old connection says last makes a worker leave that is back on another. */
  OLD_FAREWELL_COUNTS,
  /** The room of a worker and the caps are not looked at when placements are committed. */
  PLACEMENTS_ARE_NOT_CHECKED,
  /** A repeated submission is taken for a new one. */
  KEYS_ARE_IGNORED,
  /** What is in the outbox is sent once, also when the connection breaks. */
  OUTBOX_IS_SENT_ONCE,
  /** A restarted worker does not look for what its last life left. */
  NOBODY_CLEANS_UP
}
