package dev.mayfly.image.builder;

import dev.mayfly.image.agent.GuestAgentBinary;
import dev.mayfly.image.bundle.ExclusiveLock;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Provides kernels for boot bundles, from the cache in {@code images/kernels} or by fetching them
 * into it. Of several callers, in one process or many, one fetches and the others wait.
 */
final class Kernels {
  /** A fetch takes a minute over a fast network, a build of the minimal kernel up to an hour. */
  private static final Duration OTHER = KernelCompilation.LIMIT.plusMinutes(5);

  private final Path images;
  private final Commands commands;
  private final AptSources sources;
  private final Progress progress;

  /**
   * @param sources everything apt may be asked, whatever the image itself is made of
   */
  Kernels(Path images, Commands commands, AptSources sources, Progress progress) {
    this.images = images;
    this.commands = commands;
    this.sources = sources;
    this.progress = progress;
  }

  /**
   * The kernel of this choice. Call it before any lock of a build is taken: it may take minutes.
   *
   * @param refresh ask the mirror for a newer one; else one in the cache is taken as it is, without
   *     any network
   */
  GuestKernel provide(KernelChoice choice, boolean refresh)
      throws BuildException, InterruptedException, IOException {
    KernelCache cache = KernelCache.open(images);
    return switch (choice) {
      case STOCK -> stock(cache, refresh);
      case MINIMAL -> minimal(cache, refresh);
    };
  }

  /** One of a bundle's inputs that says what kernel was asked for; known without providing it. */
  String input(KernelChoice choice) throws BuildException, IOException {
    KernelCache cache = KernelCache.open(images);
    return switch (choice) {
      case STOCK -> stock(cache).input();
      case MINIMAL -> minimal(cache).input();
    };
  }

  private StockKernel stock(KernelCache cache) throws BuildException, IOException {
    return new StockKernel(
        cache,
        StockKernelDefinition.load(),
        GuestAgentBinary.moduleLoader("x86_64"),
        commands,
        progress);
  }

  private MinimalKernel minimal(KernelCache cache) throws BuildException, IOException {
    return new MinimalKernel(cache, KernelFragment.load(), commands, progress);
  }

  private GuestKernel stock(KernelCache cache, boolean refresh)
      throws BuildException, InterruptedException, IOException {
    StockKernelDefinition definition = StockKernelDefinition.load();
    StockKernel stock = stock(cache);
    Optional<GuestKernel> present = refresh ? Optional.empty() : cache.current(stock.key());
    if (present.isPresent()) {
      return present.get();
    }
    var entries = sources.require(definition.suites(), definition.component());
    try (ExclusiveLock lock = lock(cache, KernelChoice.STOCK)) {
      present = refresh ? Optional.empty() : cache.current(stock.key());
      return present.isPresent() ? present.get() : stock.fetch(entries);
    }
  }

  private GuestKernel minimal(KernelCache cache, boolean refresh)
      throws BuildException, InterruptedException, IOException {
    MinimalKernel minimal = minimal(cache);
    Optional<GuestKernel> present = refresh ? Optional.empty() : cache.current(minimal.key());
    if (present.isPresent()) {
      return present.get();
    }
    var entries = sources.require(MinimalKernel.SUITES, MinimalKernel.COMPONENT);
    try (ExclusiveLock lock = lock(cache, KernelChoice.MINIMAL)) {
      present = refresh ? Optional.empty() : cache.current(minimal.key());
      return present.isPresent() ? present.get() : minimal.build(entries);
    }
  }

  /** The digests of the kernels that {@link #provide} would take now, without asking anybody. */
  List<Sha256> newest() throws BuildException, IOException {
    KernelCache cache = KernelCache.open(images);
    List<Sha256> newest = new ArrayList<>();
    for (Sha256 key : List.of(stock(cache).key(), minimal(cache).key())) {
      cache
          .current(key)
          .map(kernel -> String.valueOf(kernel.directory().getFileName()))
          .ifPresent(hex -> newest.add(new Sha256(hex)));
    }
    return newest;
  }

  private ExclusiveLock lock(KernelCache cache, KernelChoice choice)
      throws IOException, InterruptedException, BuildException {
    Path file = cache.directory().resolve(choice.name().toLowerCase(Locale.ROOT) + ".lock");
    Optional<ExclusiveLock> free = ExclusiveLock.acquire(file, Duration.ZERO);
    if (free.isPresent()) {
      return free.get();
    }
    progress.noted("waiting for another process that provides this kernel");
    return ExclusiveLock.acquire(file, OTHER)
        .orElseThrow(() ->
            new BuildException(
                file + " has been held for " + OTHER.toMinutes() + " minutes; try again"));
  }
}
