package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.builder.ImageBuilds.Origin;
import dev.mayfly.image.builder.ImageBuilds.Request;
import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.oci.OciPlatform;
import dev.mayfly.image.registry.LayerCache;
import dev.mayfly.image.registry.RegistryAccess;
import dev.mayfly.image.registry.RegistryPull;
import dev.mayfly.image.source.ImageSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes of what a person named what a build can fetch. One object serves one build. */
final class BuildSources {
  private final Path images;
  private final Progress progress;
  private final Map<String, String> environment;
  private final Optional<Path> sources;
  private final Set<String> insecure;
  private final OciPlatform here = OciPlatform.ofThisMachine();
  private @Nullable AptSources apt;

  BuildSources(
      Path images,
      Progress progress,
      Map<String, String> environment,
      Optional<Path> sources,
      Set<String> insecure) {
    this.images = images;
    this.progress = progress;
    this.environment = environment;
    this.sources = sources;
    this.insecure = insecure;
  }

  /** What the image will be called. */
  String name(Request request) throws BuildException {
    if (request.name().isPresent()) {
      return request.name().get();
    }
    return switch (request.origin()) {
      case Origin.RecipeFile(Recipe recipe) -> recipe.name();
      case Origin.Named(ImageSource source) ->
          source
              .ownName()
              .orElseThrow(() ->
                  new BuildException(
                      Blame.USER,
                      "an image made of "
                          + source.kind()
                          + ": has no name of its own; give one by --name"));
    };
  }

  /** Opens it; nothing is fetched yet. */
  BuildSource open(Origin origin) throws BuildException, IOException {
    return switch (origin) {
      case Origin.RecipeFile(Recipe recipe) -> recipe(recipe);
      case Origin.Named(ImageSource source) -> open(source);
    };
  }

  private BuildSource open(ImageSource source) throws BuildException, IOException {
    return switch (source) {
      case ImageSource.Recipe recipe -> recipe(Recipes.find(recipe.name()));
      case ImageSource.Registry registry -> new RegistrySource(registry.image(), pull());
      case ImageSource.OciLayout layout -> SavedImageSource.of(layout, here);
      case ImageSource.Archive archive -> SavedImageSource.of(archive, here);
      case ImageSource.Dockerfile dockerfile ->
          new DockerfileSource(dockerfile.directory(), here, environment);
      case ImageSource.Debian debian -> debian(debian);
      case ImageSource.Alpine alpine ->
          new AlpineSource(
              alpine.version(), alpine.packages(), AlpineMirror.of(Optional.empty(), environment));
      case ImageSource.Tarball tarball -> new TarSource(tarball.file(), System.in);
      case ImageSource.Disk disk -> new DiskSource(disk.file());
      case ImageSource.KernelSystem system ->
          new InitramfsSource(system.kernel(), system.initramfs());
      case ImageSource.Console console ->
          new ConsoleSource(console.kernel(), console.initramfs(), console.disk());
    };
  }

  /** What apt may be asked. */
  AptSources apt() throws BuildException, IOException {
    if (apt == null) {
      apt =
          sources.isPresent()
              ? AptSources.readFile(sources.get())
              : AptSources.read(ImageBuilds.ETC_APT);
    }
    return apt;
  }

  private RegistryPull pull() throws BuildException, IOException {
    try {
      return new RegistryPull(
          RegistryAccess.of(environment, insecure),
          new LayerCache(images.resolve("layers"), LayerCache.DEFAULT_MAX_BYTES),
          here,
          progress::noted);
    } catch (OciException e) {
      throw OciContents.failed(e);
    }
  }

  private BuildSource recipe(Recipe recipe) {
    return new LaterSource(
        new RecipeSource(recipe, List.of()).identify(),
        () -> new RecipeSource(recipe, apt().require(recipe.suites(), recipe.component())));
  }

  private BuildSource debian(ImageSource.Debian debian) throws BuildException {
    Recipe recipe = DebianSuite.recipe(debian.suite(), debian.packages());
    return new LaterSource(
        DebianSuite.source(debian.suite(), debian.packages(), List.of()).identify(),
        () ->
            DebianSuite.source(
                debian.suite(),
                debian.packages(),
                apt().require(recipe.suites(), recipe.component())));
  }
}
