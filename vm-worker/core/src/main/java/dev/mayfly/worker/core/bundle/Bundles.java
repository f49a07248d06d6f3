package dev.mayfly.worker.core.bundle;

import dev.mayfly.api.BundleDigest;
import java.util.List;
import java.util.Optional;

/** Port to the boot bundles of this host. Thread-safe. */
public interface Bundles {

  /** The bundle as it lies on this host, checked or not; empty when there is none. */
  Optional<BundlePaths> find(BundleDigest digest);

  /** Bundles whose every file has been checked since it last changed; sorted. */
  List<BundleDigest> ready();

  /**
   * Checks every file against the manifest; cheap when nothing has changed since the last check.
   * Blocks for as long as reading the bundle takes.
   *
   * @throws BundleBroken when a file is absent or is not what the manifest says
   */
  BundlePaths verify(BundleDigest digest) throws BundleBroken;
}
