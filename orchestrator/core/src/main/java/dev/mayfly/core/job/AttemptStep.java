package dev.mayfly.core.job;

/** What an event makes of an attempt. */
public sealed interface AttemptStep {
  record Changed(Attempt attempt) implements AttemptStep {}

  /** Already so, or too late to matter; whoever said it may forget it. */
  record Unchanged() implements AttemptStep {}

  /** It makes no sense in this state. */
  record Refused(String reason) implements AttemptStep {}
}
