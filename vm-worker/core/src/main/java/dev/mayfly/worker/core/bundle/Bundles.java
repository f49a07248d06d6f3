package dev.mayfly.worker.core.bundle;

import dev.mayfly.api.BundleDigest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Port to the boot bundles of this host, and to those that can be had. Thread-safe. */
public interface Bundles {

  /** The bundle as it lies on this host, checked or not; empty when there is none. */
  Optional<BundlePaths> find(BundleDigest digest);

  /** Bundles whose every file has been checked since it last changed; sorted. */
  List<BundleDigest> ready();

  /** How long {@link #acquire} may take to fetch a bundle. */
  Duration pullLimit();

  /**
   * Gives a bundle to boot from: fetched where it is absent, every file checked against the
   * manifest, which is cheap when nothing has changed since the last check, and its signature where
   * this host asks for one. Blocks for as long as that takes, and can be interrupted; of several
   * that want one bundle all wait for one pull, which ends when nobody does any more.
   *
   * @param listener told of a pull; not called when the bundle is here
   * @throws BundleFailure when it cannot be booted from
   */
  BundleUse acquire(BundleDigest digest, PullListener listener)
      throws BundleFailure, InterruptedException;

  /** Keeps a bundle that a microVM of an earlier worker process runs from; empty: it is gone. */
  Optional<BundleUse> hold(BundleDigest digest);
}
