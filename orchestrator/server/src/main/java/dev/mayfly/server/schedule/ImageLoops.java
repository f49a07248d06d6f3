package dev.mayfly.server.schedule;

import dev.mayfly.core.image.ImageNudges;
import dev.mayfly.server.persistence.Notices;
import dev.mayfly.server.workers.KeepReconciler;
import java.time.Duration;
import org.springframework.context.SmartLifecycle;

/** What runs by itself for images: telling workers what to keep, and builds. */
class ImageLoops implements SmartLifecycle, ImageNudges {

  /** Behind the nudges; also what was used lately changes by itself. */
  private static final Duration SWEEP = Duration.ofSeconds(15);

  private final Notices notices;
  private final ReconcilerLoop keep;
  private final BuildLoops builds;
  private volatile boolean running;

  ImageLoops(KeepReconciler reconciler, BuildLoops builds, Notices notices) {
    this.notices = notices;
    this.builds = builds;
    keep = new ReconcilerLoop("keep-bundles", SWEEP, SWEEP, reconciler::reconcile);
  }

  @Override
  public void keep() {
    keep.nudge();
    notices.keep();
  }

  @Override
  public void keepHere() {
    keep.nudge();
  }

  @Override
  public void builds() {
    builds.nudge();
  }

  @Override
  public void start() {
    running = true;
    keep.start();
    builds.start();
  }

  @Override
  public void stop() {
    running = false;
    keep.stop();
    builds.stop();
  }

  @Override
  public boolean isRunning() {
    return running;
  }
}
