package dev.mayfly.core.image;

import dev.mayfly.api.ImageRef;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * One build of an image on a worker's host; changed only by {@link ImageBuildMachine} and committed
 * by compare-and-set.
 *
 * @param version counts the commits; the store compares it
 * @param attempts how many workers it was given to
 * @param cancelRequested somebody does not want it any more
 * @param step what its worker last said it was at, for people; may be empty
 */
public record ImageBuild(
    ImageBuildId id,
    long version,
    Spec spec,
    Instant requestedAt,
    int attempts,
    boolean cancelRequested,
    String step,
    ImageBuildState state) {

  /** Longer than any build we know; the worker enforces it. */
  public static final Duration TIMEOUT = Duration.ofHours(2);

  public static final int MAX_STEP = 200;

  /**
   * What is to be built; fixed when it is asked for.
   *
   * @param image the name it is built for
   * @param source in the one-line form of an image source, such that no local file is needed
   * @param kernel {@code stock} or {@code minimal}; empty: the worker's default
   * @param cause never PUBLISHED or ROLLED_BACK
   * @param unlessSourceDigest it is not built when the source still has this digest
   */
  public record Spec(
      ImageRef image,
      String source,
      String kernel,
      PublicationCause cause,
      Optional<String> unlessSourceDigest) {
    public Spec {
      if (cause == PublicationCause.PUBLISHED || cause == PublicationCause.ROLLED_BACK) {
        throw new IllegalArgumentException(cause + " is no cause of a build");
      }
    }
  }

  public static ImageBuild requested(ImageBuildId id, Spec spec, Instant at) {
    return new ImageBuild(
        id, 0, spec, at, 0, false, "", new ImageBuildState.Queued(Optional.empty()));
  }

  public ImageRef image() {
    return spec.image();
  }

  public boolean ended() {
    return state instanceof ImageBuildState.Ended;
  }

  ImageBuild with(ImageBuildState next) {
    return new ImageBuild(
        id, version + 1, spec, requestedAt, attempts, cancelRequested, step, next);
  }

  ImageBuild begun(ImageBuildState.Running next) {
    return new ImageBuild(
        id, version + 1, spec, requestedAt, attempts + 1, cancelRequested, "", next);
  }

  ImageBuild withCancelRequested() {
    return new ImageBuild(id, version + 1, spec, requestedAt, attempts, true, step, state);
  }
}
