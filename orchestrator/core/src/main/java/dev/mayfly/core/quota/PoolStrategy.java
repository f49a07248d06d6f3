package dev.mayfly.core.quota;

/** How a worker pool fills its hosts. */
public enum PoolStrategy {
  /** The fullest host that still fits first: leaves whole hosts free for large jobs. */
  PACK,
  /** The emptiest host first: jobs disturb each other least. */
  SPREAD
}
