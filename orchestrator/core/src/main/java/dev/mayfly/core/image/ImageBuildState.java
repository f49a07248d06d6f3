package dev.mayfly.core.image;

import dev.mayfly.api.Blame;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import java.time.Instant;
import java.util.Optional;

/** Where a build is. */
public sealed interface ImageBuildState {

  /**
   * Waits for a worker that builds images.
   *
   * @param lastTried where it was before and came to nothing; another one is preferred
   */
  record Queued(Optional<WorkerId> lastTried) implements ImageBuildState {}

  /**
   * A worker is at it.
   *
   * @param heardAt when the worker last said something about it; {@code since}: never
   */
  record Running(WorkerId worker, Instant since, Instant heardAt) implements ImageBuildState {}

  /**
   * Over for good.
   *
   * @param worker whose doing the end is; empty: it had not begun
   * @param since when that worker began
   */
  record Ended(Optional<WorkerId> worker, Optional<Instant> since, End end, Instant at)
      implements ImageBuildState {}

  /** How a build ended. */
  sealed interface End {

    /** The bundle is stored. */
    record Succeeded(BundleDigest bundle) implements End {}

    /** The source is still what it was when it was built last. */
    record Unchanged() implements End {}

    /**
     * Nothing came of it.
     *
     * @param reason for people, at most {@value #MAX_REASON} characters
     */
    record Failed(Blame blame, String reason) implements End {
      public static final int MAX_REASON = 2000;
    }

    /** Somebody did not want it any more. */
    record Cancelled() implements End {}
  }
}
