package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.Sha256;

/** What becomes of a bundle that is not here, for the orchestrator to show. */
public sealed interface PullState {
  Sha256 digest();

  /** It comes. */
  record Pulling(Sha256 digest, long bytesDone, long bytesTotal) implements PullState {}

  /**
   * It did not come.
   *
   * @param reason for people
   */
  record Failed(Sha256 digest, String reason) implements PullState {}
}
