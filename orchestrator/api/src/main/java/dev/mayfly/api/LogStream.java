package dev.mayfly.api;

/** Where a piece of a job's log comes from. */
public enum LogStream {
  STDOUT,
  STDERR,
  /** What Mayfly itself says to the user about the job. */
  SYSTEM,
  /** The guest's console, for admins. */
  CONSOLE,
  /** The tar stream of a download: neither masked nor counted against the log's limit. */
  FILE
}
