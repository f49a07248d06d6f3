package dev.mayfly.api;

/**
 * Whose fault a fault is; this alone decides retry, the exit codes of front ends, and who is paged.
 */
public enum Blame {
  /** The job did it: its script, its shape, its command. Never retried. */
  USER,
  /** We did it: a worker, a VMM, the orchestrator. Retried within bounds. */
  PLATFORM,
  /** There is no room. */
  CAPACITY,
  /** Something outside: a registry, a network. Retried within bounds. */
  EXTERNAL
}
