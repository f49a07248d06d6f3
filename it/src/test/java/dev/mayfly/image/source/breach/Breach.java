package dev.mayfly.image.source.breach;

/** Breaks the rules of its room on purpose, so that a test can show that they notice. */
@SuppressWarnings("unused")
final class Breach {
  private final Class<?> stranger = org.assertj.core.api.Assertions.class;
}
