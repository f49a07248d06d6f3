package dev.mayfly.core.image;

/**
 * Says that workers may have to keep other bundles than before, or that there is news of builds.
 * Never blocks. Thread-safe.
 */
public interface ImageNudges {

  /** To whatever orchestrators workers are connected. */
  void keep();

  /** Builds, or jobs that wait for them, may have to be looked at. */
  void builds();

  /** To those connected here. */
  void keepHere();
}
