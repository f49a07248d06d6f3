package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.BundleStore;
import java.time.Duration;

/**
 * What every pull works with.
 *
 * @param architecture of the bundles that can be booted here
 * @param pause waits between two attempts
 */
public record PullPorts(
    BundleStore store,
    SeedStore seeds,
    BundleSource source,
    BundleTrust trust,
    CacheRoom room,
    PullGate gate,
    KeyedLocks locks,
    String architecture,
    Pause pause) {

  /** Waits. */
  @FunctionalInterface
  public interface Pause {
    void of(Duration time) throws InterruptedException;
  }
}
