package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BundleManifest.Source;
import java.io.IOException;

/**
 * A source whose packages are looked for only when they are needed: an image that is there is up to
 * date on a machine whose apt has no settings, too.
 */
record LaterSource(Source identity, Opening opening) implements BuildSource {
  /** Gives the source that fetches. */
  @FunctionalInterface
  interface Opening {
    BuildSource open() throws BuildException, InterruptedException, IOException;
  }

  @Override
  public Source identify() {
    return identity;
  }

  @Override
  public SourceContents fetch(BuildRoom room)
      throws BuildException, InterruptedException, IOException {
    return opening.open().fetch(room);
  }
}
