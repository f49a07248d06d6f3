package dev.mayfly.core.image;

import dev.mayfly.api.WorkerId;
import java.time.Instant;

/** What can happen to a build. */
public sealed interface ImageBuildEvent {

  /** It is given to a worker. */
  record Given(WorkerId worker, Instant at) implements ImageBuildEvent {}

  /** A worker said how it ended. */
  record Reported(WorkerId worker, ImageBuildState.End end, Instant at)
      implements ImageBuildEvent {}

  /**
   * Its worker is gone, or does not know of it.
   *
   * @param reason for people
   */
  record Lost(WorkerId worker, String reason, Instant at) implements ImageBuildEvent {}

  /** It took longer than it may, and its worker does not say so. */
  record TimedOut(Instant at) implements ImageBuildEvent {}

  /** Somebody does not want it any more. */
  record CancelRequested(Instant at) implements ImageBuildEvent {}
}
