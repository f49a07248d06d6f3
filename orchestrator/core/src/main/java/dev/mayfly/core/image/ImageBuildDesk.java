package dev.mayfly.core.image;

import dev.mayfly.api.ImageRef;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * Takes what users and workers say about builds and commits what the machine makes of it.
 * Thread-safe; idempotent as the machine is.
 */
public final class ImageBuildDesk {

  /** Others commit to one build a few times a minute at most, so one of these tries is alone. */
  private static final int MAX_COMMIT_TRIES = 16;

  private final ImageBuildStore builds;
  private final ImagePolicyStore policies;
  private final FirstUsePolicy firstUse;
  private final Supplier<UUID> random;
  private final InstantSource clock;

  /**
   * @param random UUIDs of version 4
   */
  public ImageBuildDesk(
      ImageBuildStore builds,
      ImagePolicyStore policies,
      FirstUsePolicy firstUse,
      Supplier<UUID> random,
      InstantSource clock) {
    this.builds = builds;
    this.policies = policies;
    this.firstUse = firstUse;
    this.random = random;
    this.clock = clock;
  }

  /** The build that a job's first use of a name begins, not stored yet; empty: none may. */
  public Optional<ImageBuild> firstUse(ImageRef image) {
    Optional<ImagePolicy> policy = policies.find(image);
    return policy
        .flatMap(ImagePolicy::source)
        .or(() -> firstUse.source(image))
        .map(source ->
            made(
                new ImageBuild.Spec(
                    image,
                    source,
                    policy.flatMap(ImagePolicy::kernel).orElse(""),
                    PublicationCause.FIRST_USE,
                    Optional.empty())));
  }

  /** Why a first use of the name begins none, for people. */
  public String refusal(ImageRef image) {
    return firstUse.refusal(image);
  }

  /** Where a name is built from when nobody says: its policy, a recipe, or its registry. */
  public String sourceOf(ImageRef image) {
    return policies
        .find(image)
        .flatMap(ImagePolicy::source)
        .orElseGet(() -> firstUse.requested(image));
  }

  /**
   * What was asked for.
   *
   * @param made false: it was under way already, maybe of another source
   */
  public record Requested(ImageBuild build, boolean made) {}

  /** Asks for a build; the open one of the name when there is one. */
  public Requested request(ImageBuild.Spec spec) {
    ImageBuild wanted = made(spec);
    ImageBuild open = builds.request(wanted);
    return new Requested(open, open.id().equals(wanted.id()));
  }

  private ImageBuild made(ImageBuild.Spec spec) {
    var now = clock.instant();
    return ImageBuild.requested(ImageBuildId.of(now.toEpochMilli(), random.get()), spec, now);
  }

  /** Cancels a build; what it is afterwards, empty when there is none. */
  public Optional<ImageBuild> cancel(ImageBuildId id) {
    return apply(id, new ImageBuildEvent.CancelRequested(clock.instant()));
  }

  /** Applies an event; what the build is afterwards, empty when there is none. */
  public Optional<ImageBuild> apply(ImageBuildId id, ImageBuildEvent event) {
    for (int tries = 0; tries < MAX_COMMIT_TRIES; tries++) {
      Optional<ImageBuild> found = builds.find(id);
      if (found.isEmpty()) {
        return Optional.empty();
      }
      ImageBuild before = found.get();
      if (!(ImageBuildMachine.apply(before, event) instanceof ImageBuildStep.Changed(var after))) {
        return found;
      }
      if (builds.commit(before, after)) {
        return Optional.of(after);
      }
    }
    throw new IllegalStateException(
        "build " + id + " changed " + MAX_COMMIT_TRIES + " times while an event was applied");
  }
}
