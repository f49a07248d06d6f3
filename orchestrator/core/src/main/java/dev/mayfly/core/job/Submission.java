package dev.mayfly.core.job;

import dev.mayfly.api.JobId;

/** How a submission went. */
public sealed interface Submission {
  record Accepted(Job job) implements Submission {}

  /** The same key and request came before; nothing new was made. */
  record Repeated(Job job) implements Submission {}

  /** The key belongs to a job that was asked for differently. */
  record KeyTaken(JobId by) implements Submission {}

  /**
   * Nobody has published the image, and it is not built on first use either.
   *
   * @param reason what to do, for people
   */
  record UnknownImage(String reason) implements Submission {}

  record QueueFull(int capacity) implements Submission {}
}
