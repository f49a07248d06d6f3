package dev.mayfly.worker.daemon.images;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.SampleBundles;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/** An orchestrator's store and a worker's cache that pulls from it, in one directory. */
final class PulledBundles {
  private final Path root;
  private final BundleStore theirs;
  private final ServingSource source = new ServingSource();
  private long maxBytes = 1 << 30;
  private int connections = 4;
  private PullObserver observer = () -> {};

  PulledBundles(Path root) throws Exception {
    this.root = root;
    this.theirs = BundleStore.open(root.resolve("theirs"));
  }

  ServingSource source() {
    return source;
  }

  void limit(long bytes) {
    maxBytes = bytes;
  }

  void connections(int atOnce) {
    connections = atOnce;
  }

  void observe(PullObserver by) {
    observer = by;
  }

  /** A bundle that the orchestrator serves, of four files of some twenty bytes. */
  BootBundle served(String name, String content) throws Exception {
    var bundle = SampleBundles.publish(theirs, root.resolve("work-" + content), name, content);
    source.serve(theirs, root.resolve("copies"));
    return bundle;
  }

  BundleCache open() throws Exception {
    return open(BundleTrust.everything());
  }

  BundleCache open(BundleTrust trust) throws Exception {
    return BundleCache.open(
        new CacheOptions(
            cache(),
            Optional.empty(),
            root.resolve("checked"),
            maxBytes,
            connections,
            Duration.ofMinutes(1),
            "x86_64",
            trust),
        new CachePorts(
            source, InstantSource.system(), System::nanoTime, () -> {}, time -> {}, observer));
  }

  Path cache() {
    return root.resolve("cache");
  }

  static BundleDigest digest(BootBundle bundle) {
    return new BundleDigest(bundle.digest().toString());
  }
}
