package dev.mayfly.worker.daemon.images;

import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * What the image cache needs of the rest of the worker.
 *
 * @param changed called when {@link BundleCache#states} may have changed; must not block
 * @param pause waits between two attempts to pull
 */
public record CachePorts(
    BundleSource source,
    InstantSource clock,
    LongSupplier nanoTime,
    Runnable changed,
    PullPorts.Pause pause,
    PullObserver observer) {

  /** The ports of a worker that runs. */
  public static CachePorts of(BundleSource source, Runnable changed) {
    return new CachePorts(
        source, InstantSource.system(), System::nanoTime, changed, Thread::sleep, () -> {});
  }
}
