package dev.mayfly.server.workers;

import dev.mayfly.api.Blame;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.worker.v1.BuildEnded;
import dev.mayfly.api.worker.v1.BuildEndedAck;
import dev.mayfly.api.worker.v1.BuildImage;
import dev.mayfly.api.worker.v1.BuildProgress;
import dev.mayfly.api.worker.v1.CancelBuild;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildDesk;
import dev.mayfly.core.image.ImageBuildEvent;
import dev.mayfly.core.image.ImageBuildId;
import dev.mayfly.core.image.ImageBuildState;
import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.image.ImageNudges;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one connection has to do with builds of images: each is sent once on it, and what the worker
 * says about them is taken over. Thread-safe.
 */
class BuildLink {

  /** More than a host has room for; what it names beyond is no protocol. */
  private static final int MAX_BUILDS = 64;

  /** A builder that tells of every file must not make every file a transaction. */
  private static final Duration LEAST_BETWEEN_LINES = Duration.ofMillis(200);

  private static final Logger log = LoggerFactory.getLogger(BuildLink.class);

  private final ImageBuildStore builds;
  private final ImageBuildDesk desk;
  private final ImageNudges nudges;
  private final InstantSource clock;
  private final Outbound outbound;

  /** Builds and which attempt at them: one that came back to the queue may come here again. */
  private final Map<ImageBuildId, Integer> told = new HashMap<>();

  private final Set<ImageBuildId> cancelled = new HashSet<>();

  /** What each build said last, and when that was stored. */
  private final Map<ImageBuildId, Said> said = new HashMap<>();

  private record Said(String step, Instant at) {}

  BuildLink(
      ImageBuildStore builds,
      ImageBuildDesk desk,
      ImageNudges nudges,
      InstantSource clock,
      Outbound outbound) {
    this.builds = builds;
    this.desk = desk;
    this.nudges = nudges;
    this.clock = clock;
    this.outbound = outbound;
  }

  /**
   * The worker has registered and named the builds it is at. One that it had begun and does not
   * name is lost with the process that was at it; one that it never spoke about is sent again.
   */
  void registered(WorkerId worker, List<String> named) {
    if (named.size() > MAX_BUILDS) {
      throw new InvalidMessageException("builds", "has more than " + MAX_BUILDS);
    }
    Set<ImageBuildId> at = new HashSet<>();
    named.forEach(id -> at.add(id("builds", id)));
    for (ImageBuild build : builds.open()) {
      boolean its =
          build.state() instanceof ImageBuildState.Running(var on, var _, var _)
              && on.equals(worker);
      if (at.contains(build.id())) {
        named(build, its);
      } else if (its
          && build.state() instanceof ImageBuildState.Running running
          && running.heardAt().isAfter(running.since())) {
        desk.apply(
            build.id(),
            new ImageBuildEvent.Lost(
                worker, "the worker that built it came back without it", clock.instant()));
      }
    }
    nudges.builds();
  }

  private synchronized void named(ImageBuild build, boolean its) {
    if (its) {
      told.put(build.id(), build.attempts());
    } else {
      cancel(build.id());
    }
  }

  /** Sends what the worker is to be at and has not been told on this connection. */
  synchronized void send(List<ImageBuild> running) {
    Set<ImageBuildId> ids = new HashSet<>();
    for (ImageBuild build : running) {
      ids.add(build.id());
      if (!Integer.valueOf(build.attempts()).equals(told.put(build.id(), build.attempts()))) {
        outbound.send(OrchestratorMessage.newBuilder().setBuildImage(message(build)).build());
      }
      if (build.cancelRequested() && cancelled.add(build.id())) {
        cancel(build.id());
      }
    }
    // What is not the worker's any more, it need not go on with.
    for (ImageBuildId id : Set.copyOf(told.keySet())) {
      if (!ids.contains(id) && cancelled.add(id)) {
        cancel(id);
      }
    }
    told.keySet().retainAll(ids);
    cancelled.retainAll(ids);
    said.keySet().retainAll(ids);
  }

  private void cancel(ImageBuildId id) {
    outbound.send(
        OrchestratorMessage.newBuilder()
            .setCancelBuild(CancelBuild.newBuilder().setBuildId(id.toString()))
            .build());
  }

  private static BuildImage message(ImageBuild build) {
    return BuildImage.newBuilder()
        .setBuildId(build.id().toString())
        .setImage(build.image().value())
        .setSource(build.spec().source())
        .setKernel(build.spec().kernel())
        .setTimeoutSeconds(Math.toIntExact(ImageBuild.TIMEOUT.toSeconds()))
        .setUnlessSourceDigest(build.spec().unlessSourceDigest().orElse(""))
        .build();
  }

  /** A new step is stored at once, what is said within one a few times a second. */
  void progress(WorkerId worker, BuildProgress message) {
    ImageBuildId id = id("build_progress.build_id", message.getBuildId());
    String step = WireCodec.text(message.getStep(), ImageBuild.MAX_STEP);
    Instant now = clock.instant();
    synchronized (this) {
      Said before = said.get(id);
      if (before != null
          && before.step().equals(step)
          && !message.getStepEnded()
          && now.isBefore(before.at().plus(LEAST_BETWEEN_LINES))) {
        return;
      }
      said.put(id, new Said(step, now));
    }
    builds.progress(id, worker, now, step, line(message, step));
  }

  private static @Nullable String line(BuildProgress message, String step) {
    String seconds =
        "%.1f s "
            .formatted(
                (double) Math.max(0, message.getMicrosSinceStart())
                    / ChronoUnit.SECONDS.getDuration().dividedBy(ChronoUnit.MICROS.getDuration()));
    String detail = message.getDetail().isEmpty() ? "" : ": " + message.getDetail();
    return WireCodec.text(
        seconds + step + detail + (message.getStepEnded() ? ImageBuildStore.STEP_DONE : ""),
        ImageBuildStore.MAX_LINE);
  }

  void ended(WorkerId worker, BuildEnded message) {
    ImageBuildId id = id("build_ended.build_id", message.getBuildId());
    ImageBuildState.End end = end(message);
    // Acknowledged before it may be given to this worker again, which would not know it as new.
    synchronized (this) {
      apply(worker, id, end);
      outbound.send(
          OrchestratorMessage.newBuilder()
              .setBuildEndedAck(BuildEndedAck.newBuilder().setBuildId(id.toString()))
              .build());
    }
    nudges.builds();
    nudges.keep();
  }

  private void apply(WorkerId worker, ImageBuildId id, ImageBuildState.End end) {
    Instant now = clock.instant();
    try {
      desk.apply(id, new ImageBuildEvent.Reported(worker, end, now));
    } catch (IllegalStateException notStored) {
      log.atWarn()
          .addKeyValue("build", id)
          .addKeyValue("worker", worker)
          .setCause(notStored)
          .log("Build ended with a bundle that is not stored");
      desk.apply(
          id,
          new ImageBuildEvent.Reported(
              worker,
              new ImageBuildState.End.Failed(
                  Blame.PLATFORM, "the worker did not store the bundle that it built"),
              now));
    }
  }

  private static ImageBuildState.End end(BuildEnded message) {
    return switch (message.getOutcomeCase()) {
      case SUCCEEDED -> {
        try {
          yield new ImageBuildState.End.Succeeded(
              new BundleDigest(message.getSucceeded().getBundleDigest()));
        } catch (IllegalArgumentException invalid) {
          throw new InvalidMessageException(
              "build_ended.succeeded.bundle_digest", String.valueOf(invalid.getMessage()), invalid);
        }
      }
      case FAILED -> {
        try {
          yield new ImageBuildState.End.Failed(
              Blame.valueOf(message.getFailed().getBlame()),
              WireCodec.text(
                  message.getFailed().getReason(), ImageBuildState.End.Failed.MAX_REASON));
        } catch (IllegalArgumentException invalid) {
          throw new InvalidMessageException("build_ended.failed.blame", "is no blame", invalid);
        }
      }
      case UNCHANGED -> new ImageBuildState.End.Unchanged();
      case OUTCOME_NOT_SET -> throw new InvalidMessageException("build_ended", "has no outcome");
    };
  }

  private static ImageBuildId id(String field, String text) {
    try {
      return ImageBuildId.parse(text);
    } catch (IllegalArgumentException invalid) {
      throw new InvalidMessageException(field, "is not a UUID in lower case", invalid);
    }
  }
}
