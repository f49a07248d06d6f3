package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.Sha256;
import java.util.HashSet;
import java.util.Set;

/** One holder at a time for each blob: two bundles that share one fetch it once. Thread-safe. */
final class KeyedLocks {
  private final Set<Sha256> held = new HashSet<>();

  /** Waits until nobody has it. */
  synchronized void acquire(Sha256 key) throws InterruptedException {
    while (!held.add(key)) {
      wait();
    }
  }

  synchronized void release(Sha256 key) {
    held.remove(key);
    notifyAll();
  }
}
