package dev.mayfly.worker.daemon.builds;

import dev.mayfly.api.Blame;
import dev.mayfly.worker.core.time.Timers;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The image builds of this worker, one at a time in the order they were asked for; each is known
 * until its end is acknowledged. Thread-safe.
 */
public final class ImageBuilds {
  /** The orchestrator gives a worker one at a time; more than these few are a mistake. */
  private static final int MAX_WAITING = 8;

  /** Steps that nobody has taken yet: while the link is down, the oldest are dropped. */
  private static final int MAX_STEPS = 512;

  /**
   * The worker has 20 s to end, the builder takes longer for its clean-up: it is asked, and goes on
   * with that by itself; the next worker ends what is left.
   */
  private static final Duration STOP_LIMIT = Duration.ofMillis(500);

  private static final Logger log = LoggerFactory.getLogger(ImageBuilds.class);

  private final Optional<Runner> runner;
  private final Timers timers;
  private final Runnable nudge;
  private final BlockingQueue<BuildRequest> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
  private final Thread thread;

  // Guarded by this.
  private final Deque<BuildStep> steps = new ArrayDeque<>();
  private final Map<String, BuildOutcome> ended = new LinkedHashMap<>();
  private @Nullable BuildRequest current;
  private boolean cancelled;

  /** Does one build, on the thread that calls; an interrupt ends it. */
  @FunctionalInterface
  public interface Runner {
    BuildOutcome run(BuildRequest request, Consumer<BuilderStep> tell) throws InterruptedException;
  }

  /** As {@link BuildStep}, of the build that runs. */
  public record BuilderStep(String step, String detail, boolean ended) {}

  /**
   * @param runner empty: this worker cannot build
   * @param nudge called when there is something to tell; must not block
   */
  public ImageBuilds(Optional<Runner> runner, Timers timers, Runnable nudge) {
    this.runner = runner;
    this.timers = timers;
    this.nudge = nudge;
    // A platform thread: the builder's life hangs on it.
    this.thread = Thread.ofPlatform().name("image-builds").daemon().unstarted(this::work);
  }

  /** Whether this worker can build. */
  public boolean isBuilder() {
    return runner.isPresent();
  }

  /** Begins to work. */
  public void start() {
    if (isBuilder()) {
      thread.start();
    }
  }

  /** Asks what runs to end, and does not wait for its clean-up; its end is not told. */
  public void stop() throws InterruptedException {
    if (isBuilder()) {
      thread.interrupt();
      thread.join(STOP_LIMIT);
    }
  }

  /** Takes a request; one that is known changes nothing. */
  public synchronized void build(BuildRequest request) {
    if (isKnown(request.id())) {
      return;
    }
    if (!isBuilder()) {
      end(request.id(), new BuildOutcome.Failed(Blame.PLATFORM, "this worker has no builder"));
    } else if (!waiting.offer(request)) {
      end(
          request.id(),
          new BuildOutcome.Failed(
              Blame.CAPACITY, "this worker has " + MAX_WAITING + " builds waiting already"));
    }
  }

  /** Something was asked for that cannot be built. */
  public synchronized void refuse(String id, String reason) {
    if (!isKnown(id)) {
      end(id, new BuildOutcome.Failed(Blame.PLATFORM, reason));
    }
  }

  private boolean isKnown(String id) {
    return ended.containsKey(id)
        || current != null && current.id().equals(id)
        || waiting.stream().anyMatch(request -> request.id().equals(id));
  }

  /** Ends a build, if it is here. */
  public synchronized void cancel(String id) {
    boolean removed = waiting.removeIf(request -> request.id().equals(id));
    if (removed) {
      end(id, new BuildOutcome.Failed(Blame.USER, "the build was cancelled"));
    } else if (current != null && current.id().equals(id)) {
      cancelled = true;
      thread.interrupt();
    }
  }

  /** The orchestrator knows how it ended. */
  public synchronized void acknowledge(String id) {
    ended.remove(id);
  }

  /** Ids of those that wait, run, or have an end that is not acknowledged. */
  public synchronized List<String> known() {
    var ids = new ArrayList<>(ended.keySet());
    if (current != null) {
      ids.add(current.id());
    }
    waiting.forEach(request -> ids.add(request.id()));
    return List.copyOf(ids);
  }

  /** The next step to tell; each is given once. */
  public synchronized Optional<BuildStep> nextStep() {
    return Optional.ofNullable(steps.pollFirst());
  }

  /** Ends that are not acknowledged. */
  public synchronized Map<String, BuildOutcome> ends() {
    return Map.copyOf(ended);
  }

  private synchronized void end(String id, BuildOutcome outcome) {
    ended.put(id, outcome);
    nudge.run();
  }

  private void work() {
    try {
      while (true) {
        var request = waiting.take();
        synchronized (this) {
          current = request;
          cancelled = false;
        }
        var outcome = outcome(request);
        synchronized (this) {
          current = null;
          // An interrupt that came too late is not for the next build.
          boolean stop = Thread.interrupted() && !cancelled;
          end(request.id(), outcome);
          if (stop) {
            return;
          }
        }
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private BuildOutcome outcome(BuildRequest request) throws InterruptedException {
    long began = timers.nanoTime();
    log.atInfo()
        .addKeyValue("build", request.id())
        .addKeyValue("image", request.image())
        .addKeyValue("source", request.source())
        .log("Image build began");
    BuildOutcome outcome;
    try {
      outcome = runner.orElseThrow().run(request, step -> tell(request, began, step));
    } catch (InterruptedException ended) {
      if (!wasCancelled()) {
        throw ended;
      }
      outcome = new BuildOutcome.Failed(Blame.USER, "the build was cancelled");
    } catch (RuntimeException bug) {
      log.atError().addKeyValue("build", request.id()).setCause(bug).log("Image build hit a bug");
      outcome = new BuildOutcome.Failed(Blame.PLATFORM, "the worker hit a bug of its own: " + bug);
    }
    log.atInfo()
        .addKeyValue("build", request.id())
        .addKeyValue("outcome", outcome)
        .log("Image build ended");
    return outcome;
  }

  private synchronized boolean wasCancelled() {
    return cancelled;
  }

  private void tell(BuildRequest request, long began, BuilderStep step) {
    synchronized (this) {
      if (steps.size() == MAX_STEPS) {
        steps.removeFirst();
      }
      steps.addLast(
          new BuildStep(
              request.id(),
              step.step(),
              step.detail(),
              step.ended(),
              Duration.ofNanos(timers.nanoTime() - began).toNanos() / 1000));
    }
    nudge.run();
  }
}
