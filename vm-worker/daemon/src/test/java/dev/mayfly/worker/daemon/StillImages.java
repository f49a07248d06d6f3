package dev.mayfly.worker.daemon;

import dev.mayfly.worker.core.bundle.Bundles;
import dev.mayfly.worker.core.time.Timers;
import dev.mayfly.worker.daemon.builds.ImageBuilds;
import dev.mayfly.worker.daemon.link.RecordingImages;
import java.util.Optional;

/** Images of a host to which none is added, and on which none is built. */
final class StillImages extends RecordingImages implements WorkerImages {
  private final Bundles bundles;
  private final ImageBuilds builds;

  StillImages(Bundles bundles, Timers timers) {
    this.bundles = bundles;
    this.builds = new ImageBuilds(Optional.empty(), timers, () -> {});
  }

  @Override
  public Bundles bundles() {
    return bundles;
  }

  @Override
  public ImageBuilds builds() {
    return builds;
  }

  @Override
  public boolean refresh() {
    return false;
  }

  @Override
  public void start() {}

  @Override
  public void stop() {}
}
