package dev.mayfly.client;

import dev.mayfly.api.rest.ExplanationView;

/** Whether a job waits, and why. */
public sealed interface WhyWaiting {

  /** It waits for a worker. */
  record Waits(ExplanationView explanation) implements WhyWaiting {}

  /** It is on a worker, or has ended. */
  record DoesNotWait() implements WhyWaiting {}

  /** There is none of that id. */
  record NoSuchJob() implements WhyWaiting {}
}
