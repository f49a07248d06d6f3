package dev.mayfly.server.schedule;

import dev.mayfly.core.image.ImageBuildReconciler;
import dev.mayfly.core.job.ImageWaitReconciler;
import dev.mayfly.core.placement.Nudges;
import dev.mayfly.server.workers.BuildRelay;
import java.time.Duration;

/** What runs by itself for builds of images: giving them out, and telling the jobs that wait. */
class BuildLoops {

  /** Behind the nudges: how long a build, or a job that waits for one, waits at most. */
  private static final Duration SWEEP = Duration.ofSeconds(1);

  private final ImageBuildReconciler builds;
  private final ImageWaitReconciler waits;
  private final BuildRelay relay;
  private final Nudges nudges;
  private final ReconcilerLoop loop;

  BuildLoops(
      ImageBuildReconciler builds, ImageWaitReconciler waits, BuildRelay relay, Nudges nudges) {
    this.builds = builds;
    this.waits = waits;
    this.relay = relay;
    this.nudges = nudges;
    loop = new ReconcilerLoop("image-builds", SWEEP, SWEEP, this::pass);
  }

  private void pass() {
    builds.reconcile();
    relay.relay();
    if (waits.reconcile() > 0) {
      nudges.placement();
    }
  }

  void nudge() {
    loop.nudge();
  }

  void start() {
    loop.start();
  }

  void stop() {
    loop.stop();
  }
}
