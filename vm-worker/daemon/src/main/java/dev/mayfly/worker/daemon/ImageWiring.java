package dev.mayfly.worker.daemon;

import dev.mayfly.image.bundle.KeyFormatException;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.bundle.TrustedKeys;
import dev.mayfly.worker.core.time.Timers;
import dev.mayfly.worker.daemon.builds.HostBuilds;
import dev.mayfly.worker.daemon.builds.ImageBuilds;
import dev.mayfly.worker.daemon.config.WorkerConfig;
import dev.mayfly.worker.daemon.images.BundleCache;
import dev.mayfly.worker.daemon.images.BundleSource;
import dev.mayfly.worker.daemon.images.BundleTrust;
import dev.mayfly.worker.daemon.images.CacheOptions;
import dev.mayfly.worker.daemon.images.CachePorts;
import dev.mayfly.worker.daemon.link.BlobUploader;
import dev.mayfly.worker.daemon.link.Orchestrators;
import dev.mayfly.worker.linux.HostFacts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Puts the image cache and the builds together from the settings. */
final class ImageWiring {
  private ImageWiring() {}

  /**
   * Opens the cache.
   *
   * @param changed called when there may be something to tell of it; must not block
   * @throws IOException also when trusted keys are asked for and cannot be read
   */
  static BundleCache cache(WorkerConfig config, BundleSource source, Runnable changed)
      throws IOException {
    return cache(config, new BundleTrust(keys(config)), source, changed);
  }

  /** To look at; where trusted keys cannot be read, {@link #missing} says so. */
  static BundleCache inspected(WorkerConfig config) throws IOException {
    var trust =
        missing(config).isPresent() ? BundleTrust.everything() : new BundleTrust(keys(config));
    return cache(config, trust, new NoSource(), () -> {});
  }

  private static BundleCache cache(
      WorkerConfig config, BundleTrust trust, BundleSource source, Runnable changed)
      throws IOException {
    var images = config.images();
    return BundleCache.open(
        new CacheOptions(
            images.directory(),
            images.seed(),
            config.workerDirectory().resolve("checked-bundles"),
            images.maxMib() << 20,
            images.connections(),
            images.pullLimit(),
            HostFacts.architecture(),
            trust),
        CachePorts.of(source, changed));
  }

  private static Optional<TrustedKeys> keys(WorkerConfig config) throws IOException {
    var directory = config.images().trustedKeys();
    return directory.isEmpty() ? Optional.empty() : Optional.of(TrustedKeys.read(directory.get()));
  }

  /** Builds by the image builder that the settings name, if they name one. */
  static ImageBuilds builds(
      WorkerConfig config,
      BundleCache cache,
      Orchestrators orchestrators,
      Timers timers,
      Runnable changed)
      throws IOException {
    var images = config.images();
    if (images.builder().isEmpty()) {
      return new ImageBuilds(Optional.empty(), timers, changed);
    }
    var builds =
        new HostBuilds(
            images.builder(),
            config.workerDirectory().resolve("build"),
            environment(),
            new BlobUploader(orchestrators),
            images.connections(),
            (Path store, Sha256 bundle) -> cache.takeUp(store, bundle));
    builds.removeLeftovers();
    return new ImageBuilds(Optional.of(builds), timers, changed);
  }

  private static Map<String, String> environment() {
    return System.getenv();
  }

  /** What of the settings people want to see. */
  static List<String> describe(WorkerConfig config) {
    var images = config.images();
    var lines = new ArrayList<String>();
    lines.add("at most " + images.maxMib() + " MiB in " + images.directory());
    lines.add(
        images.trustedKeys().isEmpty()
            ? "signatures are not asked for"
            : "only images signed by a key in " + images.trustedKeys().get() + " are booted");
    lines.add(
        images.builder().isEmpty()
            ? "this worker builds no images (mayfly.worker.builder is not set)"
            : "images are built by " + images.builder().getFirst());
    return lines;
  }

  /** What keeps images from being booted at all, when there is such a thing. */
  static Optional<String> missing(WorkerConfig config) {
    try {
      keys(config);
      return Optional.empty();
    } catch (KeyFormatException wrong) {
      return Optional.of("trusted keys: " + wrong.getMessage());
    } catch (IOException failure) {
      return Optional.of("trusted keys cannot be read: " + failure.getMessage());
    }
  }
}
