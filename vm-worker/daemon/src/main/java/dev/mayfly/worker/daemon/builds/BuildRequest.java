package dev.mayfly.worker.daemon.builds;

import dev.mayfly.image.bundle.Sha256;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One image build that was asked for; everything in it comes from outside and has been checked.
 *
 * @param id UUID, lower case
 * @param image the name it is built for
 * @param source in the one-line form: a kind that needs no file of this host
 * @param kernel {@code stock} or {@code minimal}; empty: the builder's default
 * @param unlessSource when the source still has this digest, nothing is built
 */
public record BuildRequest(
    String id,
    String image,
    String source,
    String kernel,
    Duration timeout,
    Optional<Sha256> unlessSource) {

  /** Longer than the slowest build, of a kernel from source under emulation. */
  public static final Duration MAX_TIMEOUT = Duration.ofHours(6);

  private static final Pattern ID = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
  private static final Pattern IMAGE = Pattern.compile("[a-z0-9][A-Za-z0-9._:/@-]{0,254}");
  private static final Pattern SOURCE =
      Pattern.compile("(recipe|registry|debian|alpine):[A-Za-z0-9][A-Za-z0-9._:/@?=&,+~-]{0,1000}");
  private static final List<String> KERNELS = List.of("", "stock", "minimal");

  public BuildRequest {
    if (!ID.matcher(id).matches()) {
      throw new IllegalArgumentException("build_id is not a UUID in lower case");
    }
    if (!IMAGE.matcher(image).matches()) {
      throw new IllegalArgumentException("image is not an image name such as debian:12");
    }
    if (!SOURCE.matcher(source).matches() || source.contains("..")) {
      throw new IllegalArgumentException(
          "source is not recipe:, registry:, debian: or alpine: and a name: a worker builds from"
              + " nothing else");
    }
    if (!KERNELS.contains(kernel)) {
      throw new IllegalArgumentException("kernel is not stock or minimal");
    }
    if (!timeout.isPositive() || timeout.compareTo(MAX_TIMEOUT) > 0) {
      throw new IllegalArgumentException(
          "timeout_seconds is "
              + timeout.toSeconds()
              + ", must be 1 to "
              + MAX_TIMEOUT.toSeconds());
    }
  }
}
