package dev.mayfly.core.job;

import dev.mayfly.api.Outcome;
import java.time.Instant;

/** Where an attempt is. */
public sealed interface AttemptState {

  /** Committed to a worker, which has not spoken about it yet. */
  record Placed() implements AttemptState {}

  /** The worker makes its microVM. */
  record Preparing() implements AttemptState {}

  /** The command runs in the guest. */
  record Running() implements AttemptState {}

  /**
   * Over for good.
   *
   * @param logChunks how many chunks its log has in all; more are not wanted
   * @param refused its worker would not take it: it never started
   */
  record Finished(Outcome outcome, Instant at, long logChunks, boolean refused)
      implements AttemptState {}
}
