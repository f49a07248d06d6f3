package dev.mayfly.worker.core.attempt;

/** Why an attempt is ended from outside. */
public enum EndReason {
  /** A user asked. */
  CANCELLED,
  /** The lease is not ours any more, or was not renewed in time: destroy, report nothing. */
  LEASE_VOID,
  /** This worker shuts down. */
  WORKER_LEAVING
}
