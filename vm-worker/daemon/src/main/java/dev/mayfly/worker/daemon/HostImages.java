package dev.mayfly.worker.daemon;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.core.bundle.Bundles;
import dev.mayfly.worker.daemon.builds.ImageBuilds;
import dev.mayfly.worker.daemon.images.BundleCache;
import dev.mayfly.worker.daemon.images.Prefetch;
import dev.mayfly.worker.daemon.images.PullState;
import java.time.Duration;
import java.util.List;

/** {@link WorkerImages} of this host. */
final class HostImages implements WorkerImages {
  private static final Duration STOP_LIMIT = Duration.ofMillis(500);

  private final BundleCache cache;
  private final Prefetch prefetch;
  private final ImageBuilds builds;
  private final Thread prefetching;

  /**
   * @param ready called when a bundle has become ready; must not block
   */
  HostImages(BundleCache cache, ImageBuilds builds, Runnable ready) {
    this.cache = cache;
    this.builds = builds;
    this.prefetch = new Prefetch(cache, System::nanoTime, ready);
    this.prefetching = Thread.ofVirtual().name("prefetch").unstarted(prefetch);
  }

  @Override
  public Bundles bundles() {
    return cache;
  }

  @Override
  public ImageBuilds builds() {
    return builds;
  }

  @Override
  public boolean refresh() throws InterruptedException {
    return cache.refresh();
  }

  @Override
  public void start() {
    prefetching.start();
    builds.start();
  }

  @Override
  public void stop() throws InterruptedException {
    prefetching.interrupt();
    builds.stop();
    prefetching.join(STOP_LIMIT);
  }

  @Override
  public void keep(List<Sha256> wanted, List<Sha256> pinned) {
    prefetch.keep(wanted, pinned);
  }

  @Override
  public List<PullState> states() {
    return cache.states();
  }
}
