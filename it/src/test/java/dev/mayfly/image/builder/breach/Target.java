package dev.mayfly.image.builder.breach;

/** What a breach of another room points at. */
public final class Target {
  private Target() {}
}
