package dev.mayfly.core.breach;

/** Breaks the rules of its room on purpose, so that a test can show that they notice. */
@SuppressWarnings("unused")
final class BreachPolicy {
  private final Class<?> s1 = java.io.File.class;
}
