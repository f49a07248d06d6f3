package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleBrokenException;
import dev.mayfly.image.bundle.BundleManifest.Provenance;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.ExclusiveLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Builds images into the {@code images} directory of a {@code MAYFLY_HOME}. */
public final class ImageBuilds {
  private static final Path ETC_APT = Path.of("/etc/apt");

  /** A build takes about a minute; one over a slow network may take long. */
  private static final Duration OTHER_BUILD = Duration.ofMinutes(30);

  private final Path images;
  private final Progress progress;

  ImageBuilds(Path images, Progress progress) {
    this.images = images;
    this.progress = progress;
  }

  /**
   * What was asked for.
   *
   * @param recipe name or file
   * @param refresh build although the image is there, for newer packages
   * @param sources instead of apt's own settings
   */
  record Request(String recipe, boolean refresh, Optional<Path> sources) {}

  /**
   * The image that is there now.
   *
   * @param built false when it was up to date
   */
  record Result(BootBundle bundle, boolean built) {}

  /**
   * Makes sure that an image is there, building it when it is absent or its recipe, the builder or
   * the guest agent has changed. Of several callers, in one process or many, one builds and the
   * others wait. Call it from a platform thread: a build ends with the thread that asked for it.
   *
   * @param imagesDirectory {@code MAYFLY_HOME/images}, made where absent
   * @param recipeName an image name such as {@code debian:12}, or the path of a recipe file
   * @throws BuildException saying what is wrong and what to do
   * @throws InterruptedException when the thread was interrupted; everything begun was undone
   */
  public static BootBundle ensure(Path imagesDirectory, String recipeName, Progress progress)
      throws BuildException, InterruptedException {
    return new ImageBuilds(imagesDirectory.toAbsolutePath().normalize(), progress)
        .run(new Request(recipeName, false, Optional.empty()))
        .bundle();
  }

  Result run(Request request) throws BuildException, InterruptedException {
    Recipe recipe = Recipes.find(request.recipe());
    try {
      GuestAgent agent = GuestAgent.load(recipe.architecture());
      BundleStore store = BundleStore.open(images);
      Optional<BootBundle> present = upToDate(store, recipe, agent, request);
      if (present.isPresent()) {
        return new Result(present.get(), false);
      }
      requireThisArchitecture(recipe);
      List<AptSources.Entry> sources = sources(recipe, request);
      try (ExclusiveLock lock = lock()) {
        present = upToDate(store, recipe, agent, request);
        if (present.isPresent()) {
          return new Result(present.get(), false);
        }
        return new Result(build(store, recipe, agent, sources), true);
      }
    } catch (IOException e) {
      String problem = e.getClass().getSimpleName() + ": " + e.getMessage();
      throw new BuildException(recipe.name() + " was not built: " + BuildSpace.explain(problem), e);
    }
  }

  private BootBundle build(
      BundleStore store, Recipe recipe, GuestAgent agent, List<AptSources.Entry> sources)
      throws BuildException, InterruptedException, IOException {
    boolean root = Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    try (WorkDirectory work = WorkDirectory.open(images.resolve("work"))) {
      Commands commands = new Commands(System.getenv());
      return new ImageBuild(store, work, commands, progress, root).run(recipe, agent, sources);
    }
  }

  private ExclusiveLock lock() throws IOException, InterruptedException, BuildException {
    Path file = images.resolve("build.lock");
    Optional<ExclusiveLock> free = ExclusiveLock.acquire(file, Duration.ZERO);
    if (free.isPresent()) {
      return free.get();
    }
    progress.noted("waiting for another build in " + images);
    return ExclusiveLock.acquire(file, OTHER_BUILD)
        .orElseThrow(() ->
            new BuildException(
                "another build has been running in "
                    + images
                    + " for "
                    + OTHER_BUILD.toMinutes()
                    + " minutes; end it and try again"));
  }

  /** The bundle the name points to, when a build now would only ask for newer packages. */
  private Optional<BootBundle> upToDate(
      BundleStore store, Recipe recipe, GuestAgent agent, Request request) throws IOException {
    if (request.refresh()) {
      return Optional.empty();
    }
    Optional<BootBundle> present;
    try {
      present = store.find(recipe.name());
    } catch (BundleBrokenException e) {
      progress.noted(e.getMessage() + "; building it again");
      return Optional.empty();
    }
    return present.filter(bundle -> {
      Provenance provenance = bundle.manifest().provenance();
      return provenance.source().digest().equals(recipe.sha256())
          && provenance.builderVersion().equals(ImageBuild.BUILDER_VERSION)
          && provenance.inputs().contains(agent.source())
          && bundle.isComplete();
    });
  }

  private static List<AptSources.Entry> sources(Recipe recipe, Request request)
      throws IOException, BuildException {
    AptSources all =
        request.sources().isPresent()
            ? AptSources.readFile(request.sources().get())
            : AptSources.read(ETC_APT);
    List<AptSources.Entry> selected = all.select(recipe.suites(), recipe.component());
    if (selected.stream().noneMatch(entry -> entry.suite().equals(recipe.suite()))) {
      throw new BuildException(
          request.sources().map(Path::toString).orElse("apt's settings in " + ETC_APT)
              + " has no usable entry for the suite "
              + recipe.suite()
              + ", component "
              + recipe.component()
              + " (suites there: "
              + (all.suites().isEmpty() ? "none" : String.join(", ", all.suites()))
              + "); add one for a Debian mirror, or give a file with one by --sources FILE");
    }
    return selected;
  }

  private static void requireThisArchitecture(Recipe recipe) throws BuildException {
    String here = System.getProperty("os.arch");
    if (!recipe.architecture().equals("x86_64") || !"amd64".equals(here)) {
      throw new BuildException(
          recipe.name()
              + " is for "
              + recipe.architecture()
              + " and this machine is "
              + here
              + "; images are built for x86_64 on x86_64 only");
    }
  }
}
