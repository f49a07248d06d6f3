package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.bundle.BundleManifest.Source;
import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.oci.OciImage;
import dev.mayfly.image.tree.FileView;
import java.io.IOException;
import java.util.Optional;

/** What container images give to a build, wherever they come from. */
final class OciContents {
  private OciContents() {}

  /** Its layers, and what its configuration says of running it. */
  static SourceContents of(OciImage image, Source source) {
    return new SourceContents(
        new SystemFiles.Layers(image.layers()),
        image.config().platform().machine(),
        image.config().defaults(),
        source,
        image.config().createdSeconds(),
        true,
        files -> packages(image, source, files));
  }

  /** A list of packages that cannot be read is the image's own affair, and keeps nobody from it. */
  private static Optional<byte[]> packages(OciImage image, Source source, FileView files)
      throws IOException {
    try {
      String name = source.reference().isEmpty() ? image.digest().toString() : source.reference();
      return new InstalledPackages(name).sbom(files);
    } catch (BuildException unreadable) {
      return Optional.empty();
    }
  }

  /** For the person who asked for the image. */
  static BuildException failed(OciException failure) {
    return new BuildException(
        failure.isOutside() ? Blame.EXTERNAL : Blame.USER, failure.getMessage() + "", failure);
  }
}
