package dev.mayfly.image.oci;

import dev.mayfly.image.bundle.Sha256;
import java.util.Map;
import java.util.Optional;

/**
 * Names a blob by what it holds.
 *
 * @param size in bytes
 * @param platform in an index: what the image runs on
 */
public record OciDescriptor(
    String mediaType,
    Sha256 digest,
    long size,
    Optional<OciPlatform> platform,
    Map<String, String> annotations) {
  public OciDescriptor {
    annotations = Map.copyOf(annotations);
  }
}
