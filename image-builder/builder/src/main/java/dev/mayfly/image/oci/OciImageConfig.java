package dev.mayfly.image.oci;

import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.Sha256;
import java.util.List;

/**
 * An image's configuration.
 *
 * @param defaults how a program runs in it
 * @param createdSeconds since 1970; 0: it does not say
 * @param diffIds the digest of each layer's archive once decompressed, lowest first
 */
public record OciImageConfig(
    OciPlatform platform, Defaults defaults, long createdSeconds, List<Sha256> diffIds) {
  public OciImageConfig {
    diffIds = List.copyOf(diffIds);
  }
}
