package dev.mayfly.image.builder;

import dev.mayfly.image.builder.ImageBuilds.Origin;
import dev.mayfly.image.bundle.BundleManifest.Source;
import dev.mayfly.image.source.ImageSource;
import java.io.IOException;
import java.nio.file.Path;

/** What has to be alike so that an image is not built again. */
enum Freshness {
  /** What the source is today. It may cost a request. */
  DIGEST,
  /** What was asked for, whatever that has become since. */
  REFERENCE,
  /** Nobody can say without building. */
  UNKNOWN;

  static Freshness of(Origin origin, boolean refresh) {
    return switch (origin) {
      case Origin.RecipeFile _ -> refresh ? UNKNOWN : DIGEST;
      case Origin.Named(ImageSource source) ->
          switch (source) {
            case ImageSource.Recipe _, ImageSource.Debian _, ImageSource.Alpine _ ->
                refresh ? UNKNOWN : DIGEST;
            case ImageSource.Registry _ -> refresh ? DIGEST : REFERENCE;
            case ImageSource.Dockerfile _ -> UNKNOWN;
            case ImageSource.Tarball(Path file) when file.equals(TarSource.STANDARD_INPUT) ->
                UNKNOWN;
            case ImageSource.OciLayout _,
                ImageSource.Archive _,
                ImageSource.Tarball _,
                ImageSource.Disk _,
                ImageSource.KernelSystem _,
                ImageSource.Console _ ->
                DIGEST;
          };
    };
  }

  /** Whether an image made of {@code before} is one of what the source is. */
  boolean holds(Source before, BuildSource source)
      throws BuildException, InterruptedException, IOException {
    return switch (this) {
      case DIGEST -> source.identify().equals(before);
      case REFERENCE -> source.isNamedLike(before);
      case UNKNOWN -> false;
    };
  }
}
