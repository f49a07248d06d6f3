package dev.mayfly.image.builder;

import java.io.IOException;
import java.time.Duration;

/** Runs the steps of one build and tells of each. */
final class Steps {
  private final Progress progress;

  Steps(Progress progress) {
    this.progress = progress;
  }

  /** What a step does. */
  @FunctionalInterface
  interface Step<T> {
    T run() throws BuildException, InterruptedException, IOException;
  }

  /** Steps do not hold each other. */
  <T> T run(String name, Step<T> step) throws BuildException, InterruptedException, IOException {
    progress.started(name);
    long start = System.nanoTime();
    T made = step.run();
    progress.finished(name, Duration.ofNanos(System.nanoTime() - start));
    return made;
  }

  /** A line about the step that is running. */
  void note(String detail) {
    progress.noted(detail);
  }
}
