package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.core.bundle.BundleFailure;
import dev.mayfly.worker.core.bundle.BundleFailure.Kind;
import dev.mayfly.worker.core.bundle.PullListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pulls under way: one per bundle however many wait for it, and none that nobody waits for any
 * more. Thread-safe.
 */
final class Pulls {
  /** How often whoever waits hears how far it is. */
  private static final Duration TELL_EVERY = Duration.ofMillis(500);

  /** Of the wire contract. */
  private static final int MAX_STATES = 256;

  private static final Duration NUDGE_EVERY = Duration.ofSeconds(1);
  private static final Logger log = LoggerFactory.getLogger(Pulls.class);

  private final PullPorts ports;
  private final LongSupplier nanoTime;
  private final Runnable changed;
  private final PullObserver observer;
  private final AtomicLong nudgedAt = new AtomicLong();

  // Guarded by this.
  private final Map<Sha256, Active> active = new LinkedHashMap<>();
  private final Map<Sha256, String> failed = new LinkedHashMap<>();

  private static final class Active {
    final BundlePull pull;
    final CompletableFuture<BootBundle> result = new CompletableFuture<>();
    final Thread thread;
    int jobs;
    boolean background;

    Active(BundlePull pull, java.util.function.Consumer<Active> run) {
      this.pull = pull;
      this.thread = Thread.ofVirtual().name("pull").unstarted(() -> run.accept(this));
    }
  }

  /**
   * @param changed called when {@link #states} may have changed, about once a second at most while
   *     bytes come; must not block
   */
  Pulls(PullPorts ports, LongSupplier nanoTime, Runnable changed, PullObserver observer) {
    this.ports = ports;
    this.nanoTime = nanoTime;
    this.changed = changed;
    this.observer = observer;
  }

  /**
   * Waits for a bundle, for a job.
   *
   * @throws BundleFailure when it cannot be had, or not within the limit
   */
  BootBundle await(Sha256 digest, Duration limit, PullListener listener)
      throws BundleFailure, InterruptedException {
    var ours = join(digest, true);
    try {
      long until = nanoTime.getAsLong() + limit.toNanos();
      while (true) {
        listener.progress(ours.pull.bytesDone(), ours.pull.bytesTotal());
        try {
          var bundle = ours.result.get(TELL_EVERY.toMillis(), TimeUnit.MILLISECONDS);
          listener.pulled();
          return bundle;
        } catch (TimeoutException notYet) {
          if (nanoTime.getAsLong() - until >= 0) {
            throw new BundleFailure(
                Kind.PULL_FAILED,
                "it was not pulled within "
                    + limit.toSeconds()
                    + " s: "
                    + CacheRoom.mib(ours.pull.bytesDone())
                    + " of "
                    + CacheRoom.mib(ours.pull.bytesTotal())
                    + " MiB are here",
                null);
          }
        }
      }
    } catch (ExecutionException failure) {
      throw unwrapped(failure);
    } finally {
      leave(digest, ours, true);
    }
  }

  /** Waits for a bundle that no job asks for yet. */
  void prefetch(Sha256 digest) throws BundleFailure, InterruptedException {
    var ours = join(digest, false);
    try {
      ours.result.get();
    } catch (ExecutionException failure) {
      throw unwrapped(failure);
    } finally {
      leave(digest, ours, false);
    }
  }

  private static BundleFailure unwrapped(ExecutionException failure) {
    return switch (failure.getCause()) {
      case BundleFailure told ->
          new BundleFailure(told.kind(), String.valueOf(told.getMessage()), told);
      case RuntimeException bug -> throw new IllegalStateException("a pull hit a bug", bug);
      case null, default ->
          new BundleFailure(Kind.PULL_FAILED, "it was given up while others waited", failure);
    };
  }

  private synchronized Active join(Sha256 digest, boolean job) {
    var ours = active.get(digest);
    boolean fresh = ours == null;
    if (ours == null) {
      var pull = new BundlePull(digest, ports, new Nudging(), job);
      ours = new Active(pull, self -> run(digest, self));
      active.put(digest, ours);
      failed.remove(digest);
    }
    if (job) {
      ours.jobs++;
      ports.gate().jobCame();
      ours.pull.setForJob(true);
    } else {
      ours.background = true;
    }
    if (fresh) {
      ours.thread.start();
      changed.run();
    }
    return ours;
  }

  private synchronized void leave(Sha256 digest, Active ours, boolean job) {
    if (job) {
      ours.jobs--;
      ports.gate().jobWent();
      ours.pull.setForJob(ours.jobs > 0);
    } else {
      ours.background = false;
    }
    if (ours.jobs == 0 && !ours.background && active.get(digest) == ours) {
      // Still there, so not over; whoever wants it now begins anew, from what has come.
      active.remove(digest);
      ours.thread.interrupt();
      changed.run();
    }
  }

  private void run(Sha256 digest, Active self) {
    try {
      var bundle = self.pull.run();
      over(digest, self, "");
      self.result.complete(bundle);
    } catch (BundleFailure failure) {
      log.atWarn()
          .addKeyValue("bundle", digest)
          .addKeyValue("reason", failure.getMessage())
          .log("Boot bundle was not pulled");
      over(digest, self, String.valueOf(failure.getMessage()));
      self.result.completeExceptionally(failure);
    } catch (InterruptedException nobodyWaits) {
      over(digest, self, "");
      self.result.cancel(false);
    } catch (RuntimeException bug) {
      log.atError().addKeyValue("bundle", digest).setCause(bug).log("Pull hit a bug");
      over(digest, self, "a bug of the worker: " + bug);
      self.result.completeExceptionally(bug);
    }
  }

  private void over(Sha256 digest, Active self, String failure) {
    synchronized (this) {
      active.remove(digest, self);
      if (!failure.isEmpty()) {
        failed.put(digest, failure);
        while (failed.size() > MAX_STATES / 2) {
          failed.remove(failed.keySet().iterator().next());
        }
      }
    }
    changed.run();
  }

  /** Of all that is under way or has failed since it was last asked for; at most 256. */
  synchronized List<PullState> states() {
    var states = new ArrayList<PullState>();
    active.forEach((digest, pull) ->
        states.add(new PullState.Pulling(digest, pull.pull.bytesDone(), pull.pull.bytesTotal())));
    failed.forEach((digest, reason) -> states.add(new PullState.Failed(digest, reason)));
    return List.copyOf(states.subList(0, Math.min(states.size(), MAX_STATES)));
  }

  /** Nobody is to be told of a failure of a bundle that is here now, or not wanted. */
  synchronized void forget(Sha256 digest) {
    failed.remove(digest);
  }

  private final class Nudging implements PullObserver {
    @Override
    public void reached(Point point, Sha256 digest) {
      observer.reached(point, digest);
    }

    @Override
    public void progressed() {
      observer.progressed();
      long now = nanoTime.getAsLong();
      long before = nudgedAt.get();
      if (now - before >= NUDGE_EVERY.toNanos() && nudgedAt.compareAndSet(before, now)) {
        changed.run();
      }
    }
  }
}
