package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BundleManifest.Source;
import java.io.IOException;

/** Where the files of an image come from. One object serves one build. */
interface BuildSource {
  /**
   * Names what {@link #fetch} would fetch, without fetching it: a build is spared when the image
   * was made of that already. May ask a registry, or read a local file to its end.
   */
  Source identify() throws BuildException, InterruptedException, IOException;

  /**
   * Whether an image made of {@code before} was made of what this is called, whatever it is now.
   */
  default boolean isNamedLike(Source before)
      throws BuildException, InterruptedException, IOException {
    return identify().equals(before);
  }

  /** Whether the system comes with its own kernel, so that it needs none of ours. */
  default boolean bringsKernel() {
    return false;
  }

  /**
   * Fetches everything into the room's work directory, checked against the source's own digests.
   * Called from a platform thread; what is left behind goes with the work directory.
   */
  SourceContents fetch(BuildRoom room) throws BuildException, InterruptedException, IOException;
}
