package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.core.bundle.BundleFailure;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches the bundles that the orchestrator wants to be ready before a job asks for them, one after
 * the other. One thread runs it until it is interrupted; {@link #keep} from any.
 */
public final class Prefetch implements Runnable {
  /** One that failed is tried again after this long, or when the orchestrator's list changes. */
  static final Duration RETRY_AFTER = Duration.ofMinutes(5);

  /** A lost nudge costs this much. */
  private static final Duration LOOK_EVERY = Duration.ofMinutes(1);

  private static final Logger log = LoggerFactory.getLogger(Prefetch.class);

  private final BundleCache cache;
  private final LongSupplier nanoTime;
  private final Runnable ready;
  private final Semaphore nudges = new Semaphore(0);
  private final Map<Sha256, Long> failedAt = new HashMap<>();

  /**
   * @param ready called when a bundle has become ready; must not block
   */
  public Prefetch(BundleCache cache, LongSupplier nanoTime, Runnable ready) {
    this.cache = cache;
    this.nanoTime = nanoTime;
    this.ready = ready;
  }

  /** What should be ready, the most wanted first, and which of it is never to go. */
  public void keep(List<Sha256> wanted, List<Sha256> pinned) {
    cache.keep(wanted, pinned);
    synchronized (failedAt) {
      failedAt.clear();
    }
    nudges.release();
  }

  @Override
  public void run() {
    try {
      while (true) {
        if (nudges.tryAcquire(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
          nudges.drainPermits();
        }
        reconcile();
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  /** Fetches what is lacking and has not just failed; returns when there is no such thing. */
  void reconcile() throws InterruptedException {
    for (Sha256 digest : cache.lacking()) {
      if (mayTry(digest)) {
        try {
          cache.prefetch(digest);
          ready.run();
        } catch (BundleFailure failure) {
          synchronized (failedAt) {
            failedAt.put(digest, nanoTime.getAsLong());
          }
          log.atInfo()
              .addKeyValue("bundle", digest)
              .addKeyValue("reason", failure.getMessage())
              .log("Boot bundle was not fetched in advance");
        }
      }
    }
  }

  private boolean mayTry(Sha256 digest) {
    synchronized (failedAt) {
      Long failed = failedAt.get(digest);
      return failed == null || nanoTime.getAsLong() - failed >= RETRY_AFTER.toNanos();
    }
  }
}
