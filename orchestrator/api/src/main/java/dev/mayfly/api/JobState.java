package dev.mayfly.api;

/** Where a job is: waiting for a worker, on one, or ended for good. */
public enum JobState {
  QUEUED,
  ACTIVE,
  FINISHED
}
