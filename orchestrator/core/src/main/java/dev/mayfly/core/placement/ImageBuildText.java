package dev.mayfly.core.placement;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildPlanner;
import dev.mayfly.core.image.ImageBuildState;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Says how far the image is that a job waits for. Pure. */
final class ImageBuildText {
  private ImageBuildText() {}

  /**
   * One sentence without a full stop.
   *
   * @param build the latest of the image; null: none is known yet
   */
  static String waits(
      ImageRef image,
      @Nullable ImageBuild build,
      FleetView fleet,
      Instant now,
      Instant silentSince) {
    if (build == null) {
      return "the image " + image + " is going to be built";
    }
    return switch (build.state()) {
      case ImageBuildState.Queued _ ->
          "the image "
              + image
              + " waits for a worker that builds images: "
              + whyNone(fleet, silentSince);
      case ImageBuildState.Running(WorkerId worker, Instant since, var _) ->
          "the image "
              + image
              + " is being built on "
              + name(fleet, worker)
              + ": "
              + (build.step().isEmpty() ? "" : build.step() + ", ")
              + Duration.between(since, now).toSeconds()
              + " s";
      case ImageBuildState.Ended _ -> "the image " + image + " has been built just now";
    };
  }

  private static String whyNone(FleetView fleet, Instant silentSince) {
    boolean any = fleet.members().stream().anyMatch(member -> member.worker().builder());
    if (!any) {
      return "none has joined";
    }
    return fleet.members().stream()
            .anyMatch(member -> ImageBuildPlanner.builds(member.worker(), silentSince))
        ? "those there build others first"
        : "none is online and takes work";
  }

  private static String name(FleetView fleet, WorkerId id) {
    return fleet.members().stream()
        .map(FleetView.Member::worker)
        .filter(worker -> worker.id().equals(id))
        .map(Worker::name)
        .findFirst()
        .orElse(id.toString());
  }
}
