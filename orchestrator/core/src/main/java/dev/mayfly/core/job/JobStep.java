package dev.mayfly.core.job;

/** What an event makes of a job. */
public sealed interface JobStep {
  record Changed(Job job) implements JobStep {}

  /** Already so, or too late to matter. */
  record Unchanged() implements JobStep {}

  /** Said under a lease that is not the current one. */
  record Fenced() implements JobStep {}

  /** It makes no sense in this state. */
  record Refused(String reason) implements JobStep {}
}
