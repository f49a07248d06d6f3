package dev.mayfly.it.simulation;

import dev.mayfly.api.Blame;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildDesk;
import dev.mayfly.core.image.ImageBuildEvent;
import dev.mayfly.core.image.ImageBuildState;
import dev.mayfly.core.image.StoredBundle;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * What workers that build images say to one orchestrator: now and then that a build ended well,
 * that it failed by somebody's fault, or that it was lost with their process.
 */
final class SimulatedBuilders {
  private final SimulatedDatabase database;
  private final ImageBuildDesk desk;
  private final SplittableRandom random;
  private final InstantSource clock;

  SimulatedBuilders(
      SimulatedDatabase database,
      ImageBuildDesk desk,
      SplittableRandom random,
      InstantSource clock) {
    this.database = database;
    this.desk = desk;
    this.random = random;
    this.clock = clock;
  }

  void work() {
    for (ImageBuild build : database.builds().open()) {
      if (build.state() instanceof ImageBuildState.Running running) {
        desk.apply(build.id(), event(build, running));
      }
    }
  }

  private ImageBuildEvent event(ImageBuild build, ImageBuildState.Running running) {
    return switch (random.nextInt(8)) {
      case 0 -> new ImageBuildEvent.Lost(running.worker(), "it came back", clock.instant());
      case 1 -> failed(running, Blame.USER);
      case 2 -> failed(running, Blame.EXTERNAL);
      case 3 -> failed(running, Blame.CAPACITY);
      default -> {
        store(build);
        yield new ImageBuildEvent.Reported(
            running.worker(), new ImageBuildState.End.Succeeded(HostPorts.BUNDLE), clock.instant());
      }
    };
  }

  private ImageBuildEvent failed(ImageBuildState.Running running, Blame blame) {
    return new ImageBuildEvent.Reported(
        running.worker(), new ImageBuildState.End.Failed(blame, "no"), clock.instant());
  }

  private void store(ImageBuild build) {
    database
        .bundles()
        .put(
            new StoredBundle(
                HostPorts.BUNDLE,
                new byte[] {1},
                Map.of(),
                build.image(),
                "x86_64",
                1,
                "sha256:" + "d".repeat(64),
                List.of(),
                clock.instant()),
            _ -> List.of());
  }
}
