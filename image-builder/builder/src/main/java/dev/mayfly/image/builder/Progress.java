package dev.mayfly.image.builder;

import java.time.Duration;

/** Told what a build is doing; called from the building thread only, must not throw. */
public interface Progress {
  /** A step that takes seconds has begun. */
  void started(String step);

  /** Something worth a line has happened within the step. */
  void noted(String detail);

  /** The step ended well after this time. */
  void finished(String step, Duration took);

  /** Tells nobody. */
  static Progress silent() {
    return new Progress() {
      @Override
      public void started(String step) {}

      @Override
      public void noted(String detail) {}

      @Override
      public void finished(String step, Duration took) {}
    };
  }
}
