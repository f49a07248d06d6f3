package dev.mayfly.core.image;

/** What an event makes of a build. */
public sealed interface ImageBuildStep {
  record Changed(ImageBuild build) implements ImageBuildStep {}

  /** Already so, or too late to matter; whoever said it may forget it. */
  record Unchanged() implements ImageBuildStep {}

  /** It makes no sense in this state. */
  record Refused(String reason) implements ImageBuildStep {}
}
