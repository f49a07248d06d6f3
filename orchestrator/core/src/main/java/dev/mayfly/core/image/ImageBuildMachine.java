package dev.mayfly.core.image;

import dev.mayfly.api.Blame;
import dev.mayfly.api.WorkerId;
import java.time.Instant;
import java.util.Optional;

/**
 * What each event makes of a build in each state. Pure and total. A build whose worker was lost or
 * had no room for it is given to another, a bounded number of times; every other end is final.
 */
public final class ImageBuildMachine {

  /** A source that costs three workers their life is not tried on a fourth. */
  public static final int MAX_ATTEMPTS = 3;

  private ImageBuildMachine() {}

  public static ImageBuildStep apply(ImageBuild build, ImageBuildEvent event) {
    if (build.ended()) {
      return event instanceof ImageBuildEvent.Given
          ? new ImageBuildStep.Refused("it has ended")
          : new ImageBuildStep.Unchanged();
    }
    return switch (event) {
      case ImageBuildEvent.Given given -> given(build, given);
      case ImageBuildEvent.Reported reported -> reported(build, reported);
      case ImageBuildEvent.Lost lost -> lost(build, lost);
      case ImageBuildEvent.TimedOut timedOut -> timedOut(build, timedOut);
      case ImageBuildEvent.CancelRequested cancel -> cancelRequested(build, cancel);
    };
  }

  private static ImageBuildStep given(ImageBuild build, ImageBuildEvent.Given event) {
    return switch (build.state()) {
      case ImageBuildState.Queued _ ->
          new ImageBuildStep.Changed(
              build.begun(new ImageBuildState.Running(event.worker(), event.at(), event.at())));
      case ImageBuildState.Running _ -> new ImageBuildStep.Refused("a worker is at it");
      case ImageBuildState.Ended _ -> new ImageBuildStep.Refused("it has ended");
    };
  }

  private static ImageBuildStep reported(ImageBuild build, ImageBuildEvent.Reported event) {
    return switch (build.state()) {
      // Its worker was given up and did it nevertheless: what is stored need not be built again.
      case ImageBuildState.Queued _ ->
          event.end() instanceof ImageBuildState.End.Succeeded
              ? ended(build, event.worker(), event.at(), event.end(), event.at())
              : new ImageBuildStep.Unchanged();
      case ImageBuildState.Running running ->
          running.worker().equals(event.worker())
              ? finished(build, running, event)
              : new ImageBuildStep.Unchanged();
      case ImageBuildState.Ended _ -> new ImageBuildStep.Unchanged();
    };
  }

  private static ImageBuildStep finished(
      ImageBuild build, ImageBuildState.Running running, ImageBuildEvent.Reported event) {
    if (event.end() instanceof ImageBuildState.End.Failed(Blame blame, var _)) {
      if (build.cancelRequested()) {
        return ended(
            build,
            running.worker(),
            running.since(),
            new ImageBuildState.End.Cancelled(),
            event.at());
      }
      if (blame == Blame.CAPACITY && build.attempts() < MAX_ATTEMPTS) {
        return again(build, running.worker());
      }
    }
    return ended(build, running.worker(), running.since(), event.end(), event.at());
  }

  private static ImageBuildStep lost(ImageBuild build, ImageBuildEvent.Lost event) {
    if (!(build.state() instanceof ImageBuildState.Running running)
        || !running.worker().equals(event.worker())) {
      return new ImageBuildStep.Unchanged();
    }
    if (build.cancelRequested()) {
      return ended(
          build,
          running.worker(),
          running.since(),
          new ImageBuildState.End.Cancelled(),
          event.at());
    }
    if (build.attempts() < MAX_ATTEMPTS) {
      return again(build, running.worker());
    }
    String reason = event.reason() + "; it was tried on a worker " + build.attempts() + " times";
    return ended(
        build,
        running.worker(),
        running.since(),
        new ImageBuildState.End.Failed(Blame.PLATFORM, reason),
        event.at());
  }

  private static ImageBuildStep timedOut(ImageBuild build, ImageBuildEvent.TimedOut event) {
    return build.state() instanceof ImageBuildState.Running running
        ? ended(
            build,
            running.worker(),
            running.since(),
            new ImageBuildState.End.Failed(
                Blame.PLATFORM,
                "it took longer than " + ImageBuild.TIMEOUT.toMinutes() + " minutes"),
            event.at())
        : new ImageBuildStep.Unchanged();
  }

  private static ImageBuildStep cancelRequested(
      ImageBuild build, ImageBuildEvent.CancelRequested event) {
    return switch (build.state()) {
      case ImageBuildState.Queued _ ->
          new ImageBuildStep.Changed(
              build
                  .withCancelRequested()
                  .with(
                      new ImageBuildState.Ended(
                          Optional.empty(),
                          Optional.empty(),
                          new ImageBuildState.End.Cancelled(),
                          event.at())));
      case ImageBuildState.Running _ ->
          build.cancelRequested()
              ? new ImageBuildStep.Unchanged()
              : new ImageBuildStep.Changed(build.withCancelRequested());
      case ImageBuildState.Ended _ -> new ImageBuildStep.Unchanged();
    };
  }

  private static ImageBuildStep again(ImageBuild build, WorkerId triedOn) {
    return new ImageBuildStep.Changed(build.with(new ImageBuildState.Queued(Optional.of(triedOn))));
  }

  private static ImageBuildStep ended(
      ImageBuild build, WorkerId worker, Instant since, ImageBuildState.End end, Instant at) {
    return new ImageBuildStep.Changed(
        build.with(new ImageBuildState.Ended(Optional.of(worker), Optional.of(since), end, at)));
  }
}
