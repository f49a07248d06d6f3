package dev.mayfly.worker.daemon.link;

import dev.mayfly.api.worker.v1.BuildEnded;
import dev.mayfly.api.worker.v1.BuildFailed;
import dev.mayfly.api.worker.v1.BuildImage;
import dev.mayfly.api.worker.v1.BuildProgress;
import dev.mayfly.api.worker.v1.BuildSucceeded;
import dev.mayfly.api.worker.v1.BuildUnchanged;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.daemon.builds.BuildOutcome;
import dev.mayfly.worker.daemon.builds.BuildRequest;
import dev.mayfly.worker.daemon.builds.BuildStep;
import dev.mayfly.worker.daemon.builds.ImageBuilds;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What one connection carries about image builds. Owned by the link's thread. Forgets with its
 * connection which ends it has sent, so that the next one sends again what was not acknowledged.
 */
final class BuildTraffic {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofHours(1);

  private final ImageBuilds builds;
  private final Set<String> endsSent = new HashSet<>();
  private final Map<String, Integer> numbers = new HashMap<>();

  BuildTraffic(ImageBuilds builds) {
    this.builds = builds;
  }

  void build(BuildImage message) {
    try {
      long seconds = Integer.toUnsignedLong(message.getTimeoutSeconds());
      builds.build(
          new BuildRequest(
              message.getBuildId(),
              message.getImage(),
              message.getSource(),
              message.getKernel(),
              seconds == 0 ? DEFAULT_TIMEOUT : Duration.ofSeconds(seconds),
              message.getUnlessSourceDigest().isEmpty()
                  ? Optional.empty()
                  : Optional.of(Sha256.parse(message.getUnlessSourceDigest()))));
    } catch (IllegalArgumentException invalid) {
      builds.refuse(
          message.getBuildId(),
          "the build that was asked for is not valid: " + invalid.getMessage());
    }
  }

  void cancel(String buildId) {
    builds.cancel(buildId);
  }

  void acknowledged(String buildId) {
    builds.acknowledge(buildId);
    endsSent.remove(buildId);
    numbers.remove(buildId);
  }

  /** The next message: steps before ends, so that nothing is told of what has ended. */
  Optional<WorkerMessage> next() {
    var step = builds.nextStep();
    if (step.isPresent()) {
      return Optional.of(WorkerMessage.newBuilder().setBuildProgress(progress(step.get())).build());
    }
    for (var end : builds.ends().entrySet()) {
      if (endsSent.add(end.getKey())) {
        return Optional.of(
            WorkerMessage.newBuilder().setBuildEnded(ended(end.getKey(), end.getValue())).build());
      }
    }
    return Optional.empty();
  }

  private BuildProgress progress(BuildStep step) {
    return BuildProgress.newBuilder()
        .setBuildId(step.buildId())
        .setNumber(numbers.merge(step.buildId(), 1, Integer::sum))
        .setStep(step.step())
        .setDetail(step.detail())
        .setStepEnded(step.ended())
        .setMicrosSinceStart(step.microsSinceStart())
        .build();
  }

  private static BuildEnded ended(String id, BuildOutcome outcome) {
    var message = BuildEnded.newBuilder().setBuildId(id);
    switch (outcome) {
      case BuildOutcome.Succeeded(var bundle, var source) ->
          message.setSucceeded(
              BuildSucceeded.newBuilder()
                  .setBundleDigest(bundle.toString())
                  .setSourceDigest(source.toString()));
      case BuildOutcome.Unchanged() -> message.setUnchanged(BuildUnchanged.newBuilder());
      case BuildOutcome.Failed(var blame, var reason) ->
          message.setFailed(BuildFailed.newBuilder().setBlame(blame.name()).setReason(reason));
    }
    return message.build();
  }
}
