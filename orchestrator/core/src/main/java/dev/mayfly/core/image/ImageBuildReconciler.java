package dev.mayfly.core.image;

import dev.mayfly.api.ImageRef;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.lease.LeasePolicy;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives builds to workers, and gives up those whose worker is gone. Idempotent; what another
 * orchestrator changes meanwhile is looked at in the next pass.
 */
public final class ImageBuildReconciler {
  private static final Logger log = LoggerFactory.getLogger(ImageBuildReconciler.class);

  private final ImageBuildStore builds;
  private final ImageStore images;
  private final WorkerStore workers;
  private final LeasePolicy leases;
  private final InstantSource clock;

  public ImageBuildReconciler(
      ImageBuildStore builds,
      ImageStore images,
      WorkerStore workers,
      LeasePolicy leases,
      InstantSource clock) {
    this.builds = builds;
    this.images = images;
    this.workers = workers;
    this.leases = leases;
    this.clock = clock;
  }

  /** One pass; returns how many builds it changed. */
  public int reconcile() {
    List<ImageBuild> open = builds.open();
    if (open.isEmpty()) {
      return 0;
    }
    Map<ImageRef, String> architectures = new HashMap<>();
    for (ImageBuild build : open) {
      if (build.state() instanceof ImageBuildState.Queued) {
        images
            .find(build.image())
            .ifPresent(image -> architectures.put(image.name(), image.architecture()));
      }
    }
    Instant now = clock.instant();
    List<ImageBuildPlanner.Change> changes =
        ImageBuildPlanner.plan(open, workers.fleet(), architectures, now, leases.silentSince(now));
    int changed = 0;
    for (ImageBuildPlanner.Change change : changes) {
      if (ImageBuildMachine.apply(change.build(), change.event())
              instanceof ImageBuildStep.Changed(ImageBuild after)
          && builds.commit(change.build(), after)) {
        changed++;
        log.atInfo()
            .addKeyValue("build", after.id())
            .addKeyValue("image", after.image())
            .addKeyValue("event", change.event())
            .log("Build changed");
      }
    }
    return changed;
  }
}
