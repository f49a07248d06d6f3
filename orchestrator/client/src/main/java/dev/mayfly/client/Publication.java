package dev.mayfly.client;

import dev.mayfly.api.rest.ImageView;
import dev.mayfly.api.rest.Problem;

/** What became of a published image. */
public sealed interface Publication {

  /** The name points to the bundle now. */
  record Published(ImageView image) implements Publication {}

  /** It was refused and nothing changed. */
  record Refused(Problem problem) implements Publication {}
}
