package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.bundle.BundleManifest.Source;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.oci.OciImage;
import dev.mayfly.image.oci.OciLayout;
import dev.mayfly.image.oci.OciPlatform;
import dev.mayfly.image.oci.SavedArchive;
import dev.mayfly.image.source.ImageSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** An image that lies on this machine: an OCI layout, or an archive that was saved. */
final class SavedImageSource implements BuildSource {
  private final ImageSource source;
  private final OciPlatform here;
  private Optional<Source> identity = Optional.empty();

  private SavedImageSource(ImageSource source, OciPlatform here) {
    this.source = source;
    this.here = here;
  }

  static SavedImageSource of(ImageSource.OciLayout layout, OciPlatform here) {
    return new SavedImageSource(layout, here);
  }

  static SavedImageSource of(ImageSource.Archive archive, OciPlatform here) {
    return new SavedImageSource(archive, here);
  }

  /** A layout by its manifest's digest, an archive by its own. */
  @Override
  public Source identify() throws BuildException, IOException {
    if (identity.isEmpty()) {
      identity = Optional.of(read());
    }
    return identity.get();
  }

  private Source read() throws BuildException, IOException {
    try {
      return switch (source) {
        case ImageSource.OciLayout layout ->
            named(OciLayout.of(layout.directory(), here).digest(layout.tag()));
        case ImageSource.Archive archive -> {
          if (!Files.isRegularFile(archive.file())) {
            throw new BuildException(Blame.USER, "there is no archive " + archive.file());
          }
          yield named(Sha256.ofFile(archive.file().toRealPath()));
        }
        case ImageSource other -> throw new IllegalStateException(other.kind());
      };
    } catch (OciException e) {
      throw OciContents.failed(e);
    }
  }

  @Override
  public SourceContents fetch(BuildRoom room)
      throws BuildException, InterruptedException, IOException {
    Source known = identify();
    try {
      OciImage image = room.steps().run("read", () -> read(room));
      return OciContents.of(image, known);
    } catch (OciException e) {
      throw OciContents.failed(e);
    }
  }

  private OciImage read(BuildRoom room) throws IOException {
    return switch (source) {
      case ImageSource.OciLayout layout ->
          OciLayout.of(layout.directory(), here).image(layout.tag());
      case ImageSource.Archive archive -> {
        Path spool = Files.createDirectory(room.work().resolve("saved"));
        yield SavedArchive.read(archive.file(), archive.tag(), spool, here);
      }
      case ImageSource other -> throw new IllegalStateException(other.kind());
    };
  }

  private Source named(Sha256 digest) {
    return new Source(source.kind(), source.publicReference(), digest);
  }
}
