package dev.mayfly.worker.daemon.builds;

import dev.mayfly.api.Blame;
import dev.mayfly.image.bundle.Sha256;

/** How a build ended. */
public sealed interface BuildOutcome {
  /** The bundle is with the orchestrator. */
  record Succeeded(Sha256 bundle, Sha256 source) implements BuildOutcome {}

  /** There was nothing to build. */
  record Unchanged() implements BuildOutcome {}

  /**
   * It did not come about.
   *
   * @param reason for people; at most 2000 characters
   */
  record Failed(Blame blame, String reason) implements BuildOutcome {
    private static final int MAX_REASON = 2000;

    public Failed {
      reason = reason.substring(0, Math.min(reason.length(), MAX_REASON));
    }
  }
}
