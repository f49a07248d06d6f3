package dev.mayfly.core.job;

/** Says "there may be work", without data; cheap, never blocks, may be lost. Thread-safe. */
@FunctionalInterface
public interface Nudge {
  void nudge();
}
