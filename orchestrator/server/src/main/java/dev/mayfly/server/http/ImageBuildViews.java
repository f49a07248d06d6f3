package dev.mayfly.server.http;

import dev.mayfly.api.Blame;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.rest.ImageBuildView;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildState;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Shows builds of images as REST records. */
final class ImageBuildViews {
  private ImageBuildViews() {}

  /** What a state has to show. */
  private record Shown(
      String state,
      Optional<WorkerId> worker,
      Optional<Instant> startedAt,
      Optional<Instant> endedAt,
      ImageBuildState.@Nullable End end) {}

  static ImageBuildView view(ImageBuild build, Function<WorkerId, String> names) {
    Shown shown = shown(build.state());
    BundleDigest bundle =
        shown.end() instanceof ImageBuildState.End.Succeeded(BundleDigest digest) ? digest : null;
    ImageBuildState.End.Failed failed =
        shown.end() instanceof ImageBuildState.End.Failed end ? end : null;
    Blame blame = failed == null ? null : failed.blame();
    return new ImageBuildView(
        build.id().toString(),
        shown.state(),
        build.image().value(),
        build.spec().source(),
        build.spec().kernel().isEmpty() ? null : build.spec().kernel(),
        build.spec().cause().name(),
        shown.worker().map(names).orElse(null),
        build.attempts(),
        Views.time(build.requestedAt()),
        shown.startedAt().map(Views::time).orElse(null),
        shown.endedAt().map(Views::time).orElse(null),
        build.cancelRequested(),
        build.step(),
        bundle == null ? null : bundle.value(),
        blame == null ? null : blame.name(),
        failed == null ? null : failed.reason());
  }

  private static Shown shown(ImageBuildState state) {
    return switch (state) {
      case ImageBuildState.Queued _ ->
          new Shown("QUEUED", Optional.empty(), Optional.empty(), Optional.empty(), null);
      case ImageBuildState.Running(WorkerId worker, Instant since, var _) ->
          new Shown("RUNNING", Optional.of(worker), Optional.of(since), Optional.empty(), null);
      case ImageBuildState.Ended(var worker, var since, var end, Instant at) ->
          new Shown(name(end), worker, since, Optional.of(at), end);
    };
  }

  private static String name(ImageBuildState.End end) {
    return switch (end) {
      case ImageBuildState.End.Succeeded _ -> "SUCCEEDED";
      case ImageBuildState.End.Unchanged _ -> "UNCHANGED";
      case ImageBuildState.End.Failed _ -> "FAILED";
      case ImageBuildState.End.Cancelled _ -> "CANCELLED";
    };
  }
}
