package dev.mayfly.core.fleet;

/** Whether a worker takes work. */
public enum WorkerState {
  ONLINE,
  /** Not heard of, or not connected; what it runs keeps its leases until they expire. */
  SILENT,
  /** It said that it shuts down. */
  LEFT
}
