package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleBrokenException;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.Guest;
import dev.mayfly.image.bundle.BundleManifest.Provenance;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.ExclusiveLock;
import dev.mayfly.image.source.ImageSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Builds images into the {@code images} directory of a {@code MAYFLY_HOME}. */
public final class ImageBuilds {
  /** Where this machine says what apt may be asked. */
  static final Path ETC_APT = Path.of("/etc/apt");

  /** The only architecture there is a guest agent for. */
  private static final String ARCHITECTURE = "x86_64";

  /** A build takes about a minute; one over a slow network may take long. */
  private static final Duration OTHER_BUILD = Duration.ofMinutes(30);

  private final Path images;
  private final Progress progress;
  private final Map<String, String> environment;

  ImageBuilds(Path images, Progress progress, Map<String, String> environment) {
    this.images = images;
    this.progress = progress;
    this.environment = Map.copyOf(environment);
  }

  /** What an image is to be made of. */
  sealed interface Origin {
    /** As {@link ImageSource} has it. */
    record Named(ImageSource source) implements Origin {}

    /** A recipe file of the person's own. */
    record RecipeFile(Recipe recipe) implements Origin {}
  }

  /**
   * What was asked for.
   *
   * @param name what the image is to be called; empty where the origin has a name of its own
   * @param kernel which one the image gets
   * @param refresh build again for newer packages, or when the tag has moved
   * @param sources package sources instead of apt's own settings
   * @param insecure registries that are reached by plain HTTP
   */
  record Request(
      Origin origin,
      Optional<String> name,
      KernelChoice kernel,
      boolean refresh,
      Optional<Path> sources,
      Set<String> insecure) {}

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
    return new ImageBuilds(imagesDirectory.toAbsolutePath().normalize(), progress, System.getenv())
        .run(
            new Request(
                new Origin.RecipeFile(Recipes.find(recipeName)),
                Optional.empty(),
                KernelChoice.STOCK,
                false,
                Optional.empty(),
                Set.of()))
        .bundle();
  }

  Result run(Request request) throws BuildException, InterruptedException {
    requireThisArchitecture();
    BuildSources sources =
        new BuildSources(images, progress, environment, request.sources(), request.insecure());
    String name = sources.name(request);
    try {
      GuestAgent agent = GuestAgent.load(ARCHITECTURE);
      BundleStore store = BundleStore.open(images);
      BuildSource source = sources.open(request.origin());
      Freshness freshness = Freshness.of(request.origin(), request.refresh());
      Optional<BootBundle> present =
          upToDate(store, name, request.kernel(), source, freshness, agent, List.of());
      if (present.isPresent() && !request.refresh()) {
        return new Result(present.get(), false);
      }
      if (freshness != Freshness.UNKNOWN) {
        // What is not there is told before a kernel is fetched for it.
        source.identify();
      }
      Commands commands = new Commands(environment);
      Optional<GuestKernel> kernel =
          source.bringsKernel()
              ? Optional.empty()
              : Optional.of(kernel(request, sources, commands));
      List<String> kernelInputs = kernel.map(GuestKernel::inputs).orElse(List.of());
      try (ExclusiveLock lock = lock()) {
        present = upToDate(store, name, request.kernel(), source, freshness, agent, kernelInputs);
        if (present.isPresent()) {
          return new Result(present.get(), false);
        }
        return new Result(
            build(store, commands, name, source, room -> kernel.orElseThrow(), agent), true);
      }
    } catch (IOException e) {
      String problem = e.getClass().getSimpleName() + ": " + e.getMessage();
      throw new BuildException(name + " was not built: " + BuildSpace.explain(problem), e);
    }
  }

  private GuestKernel kernel(Request request, BuildSources sources, Commands commands)
      throws BuildException, InterruptedException, IOException {
    Kernels kernels = new Kernels(images, commands, sources.apt(), progress);
    return new Steps(progress)
        .run("kernel", () -> kernels.provide(request.kernel(), request.refresh()));
  }

  /** Under the lock. */
  private BootBundle build(
      BundleStore store,
      Commands commands,
      String name,
      BuildSource source,
      BundleAssembly.KernelSource kernels,
      GuestAgent agent)
      throws BuildException, InterruptedException, IOException {
    BuildSpace.require(images);
    boolean root = Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    try (WorkDirectory work = WorkDirectory.open(images.resolve("work"))) {
      BuildRoom room = new BuildRoom(work, commands, new Steps(progress), root);
      return new BundleAssembly(store, room).run(name, source, kernels, agent);
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

  /**
   * The bundle the name points to, when a build now would make nothing better.
   *
   * @param kernel inputs it must have been made of; empty: whatever kernel of that choice
   */
  private Optional<BootBundle> upToDate(
      BundleStore store,
      String name,
      KernelChoice choice,
      BuildSource source,
      Freshness freshness,
      GuestAgent agent,
      List<String> kernel)
      throws IOException, BuildException, InterruptedException {
    Optional<BootBundle> present;
    try {
      present = store.find(name);
    } catch (BundleBrokenException e) {
      progress.noted(e.getMessage() + "; building it again");
      return Optional.empty();
    }
    if (present.isEmpty()) {
      return Optional.empty();
    }
    Provenance provenance = present.get().manifest().provenance();
    BundleManifest manifest = present.get().manifest();
    boolean ownKernel =
        source.bringsKernel()
            ? manifest.kernel().flavour().equals(SystemKernel.FLAVOUR)
            : provenance.inputs().contains(kernelInput(choice));
    boolean current =
        freshness.holds(provenance.source(), source)
            && provenance.builderVersion().equals(BundleAssembly.BUILDER_VERSION)
            && ownKernel
            && provenance.inputs().containsAll(kernel)
            && (manifest.guest() == Guest.CONSOLE || provenance.inputs().contains(agent.source()))
            && present.get().isComplete();
    return current ? present : Optional.empty();
  }

  /** What an image with this kernel has among its inputs, whichever version of it. */
  private String kernelInput(KernelChoice choice) throws BuildException, IOException {
    return new Kernels(images, new Commands(environment), AptSources.none(), progress)
        .input(choice);
  }

  private static void requireThisArchitecture() throws BuildException {
    String here = System.getProperty("os.arch");
    if (!"amd64".equals(here)) {
      throw new BuildException(
          "this machine is " + here + "; images are built for x86_64 on x86_64 only");
    }
  }
}
