package dev.mayfly.core.fleet;

/** Whether a worker is there. */
public enum WorkerState {
  /** It has registered for the first time and has not sent a heartbeat yet. */
  JOINING,
  ONLINE,
  /** Not heard of, or not connected; what it runs keeps its leases until they expire. */
  SILENT,
  /** Silent for longer than any lease: nothing of it runs for us any more. It may come back. */
  LOST,
  /** It said that it shuts down. */
  LEFT
}
