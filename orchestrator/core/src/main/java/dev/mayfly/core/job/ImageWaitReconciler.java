package dev.mayfly.core.job;

import dev.mayfly.api.Blame;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.ImageRef;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildDesk;
import dev.mayfly.core.image.ImageBuildState;
import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.image.ImageStore;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells jobs that wait for their image how the wait ended: the name points to a bundle now, by a
 * build or by hand, or the build came to nothing. It looks at what is, not at what happened, so a
 * crash between a build's end and this loses nothing. Idempotent.
 */
public final class ImageWaitReconciler {

  /** Bounds one pass; the next one takes the rest. */
  private static final int MAX_JOBS_PER_PASS = 500;

  private static final Logger log = LoggerFactory.getLogger(ImageWaitReconciler.class);

  private final JobStore jobs;
  private final ImageStore images;
  private final ImageBuildStore builds;
  private final ImageBuildDesk desk;
  private final InstantSource clock;

  public ImageWaitReconciler(
      JobStore jobs,
      ImageStore images,
      ImageBuildStore builds,
      ImageBuildDesk desk,
      InstantSource clock) {
    this.jobs = jobs;
    this.images = images;
    this.builds = builds;
    this.desk = desk;
    this.clock = clock;
  }

  /** One pass; returns how many jobs it changed. */
  public int reconcile() {
    List<Job> waiting = jobs.awaitingImage(MAX_JOBS_PER_PASS);
    if (waiting.isEmpty()) {
      return 0;
    }
    // The builds first: one that ended after this was read has published its image before that.
    Map<ImageRef, ImageBuild> latest =
        builds.latest(waiting.stream().map(job -> job.spec().image()).collect(Collectors.toSet()));
    Map<ImageRef, Optional<JobEvent>> news = new HashMap<>();
    int changed = 0;
    for (Job job : waiting) {
      Optional<JobEvent> event =
          news.computeIfAbsent(job.spec().image(), image -> news(image, latest.get(image)));
      if (event.isPresent()
          && JobMachine.apply(job, event.get()) instanceof JobStep.Changed(Job after)
          && jobs.commit(job, after)) {
        changed++;
        log.atInfo().addKeyValue("job", job.id()).log("Wait for an image ended");
      }
    }
    return changed;
  }

  private Optional<JobEvent> news(ImageRef name, @Nullable ImageBuild latest) {
    Optional<Image> image = images.find(name);
    if (image.isPresent()) {
      return Optional.of(new JobEvent.ImageBuilt(image.get().bundle(), image.get().architecture()));
    }
    if (latest == null) {
      return begin(name);
    }
    return switch (latest.state()) {
      case ImageBuildState.Queued _, ImageBuildState.Running _ -> Optional.empty();
      case ImageBuildState.Ended(var _, var _, var end, var _) ->
          switch (end) {
            // The name was there and has been removed again.
            case ImageBuildState.End.Succeeded _, ImageBuildState.End.Unchanged _ -> begin(name);
            case ImageBuildState.End.Failed(Blame blame, String reason) ->
                Optional.of(failed(code(blame), "Image " + name + ": " + reason));
            case ImageBuildState.End.Cancelled _ ->
                Optional.of(
                    failed(
                        FaultCode.IMAGE_REFUSED, "The build of image " + name + " was cancelled."));
          };
    };
  }

  private Optional<JobEvent> begin(ImageRef name) {
    Optional<ImageBuild> build = desk.firstUse(name);
    if (build.isEmpty()) {
      return Optional.of(failed(FaultCode.IMAGE_REFUSED, desk.refusal(name)));
    }
    builds.request(build.get());
    return Optional.empty();
  }

  private JobEvent failed(FaultCode code, String detail) {
    return new JobEvent.ImageFailed(code, detail, clock.instant());
  }

  private static FaultCode code(Blame blame) {
    return switch (blame) {
      case USER -> FaultCode.IMAGE_REFUSED;
      case EXTERNAL -> FaultCode.IMAGE_SOURCE_FAILED;
      case PLATFORM, CAPACITY -> FaultCode.IMAGE_BUILD_FAILED;
    };
  }
}
