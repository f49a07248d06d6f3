package dev.mayfly.core.job;

import java.time.Instant;

/** What a front end is told that speaks about its session. */
public sealed interface SessionAnswer {

  /**
   * The session goes on.
   *
   * @param until when it must have been renewed again
   */
  record Renewed(Instant until) implements SessionAnswer {}

  /** Its end was asked for, now or before. */
  record Ending(Job job) implements SessionAnswer {}

  /** It is over. */
  record Ended(Job job) implements SessionAnswer {}

  /** The job is a batch. */
  record NotASession() implements SessionAnswer {}

  record UnknownJob() implements SessionAnswer {}
}
