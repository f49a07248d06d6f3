package dev.mayfly.server.logs;

import dev.mayfly.api.JobId;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.springframework.context.SmartLifecycle;

/**
 * Wakes those who follow a job. It carries no data: whoever is woken reads the stores, so that a
 * lost wake-up costs only the time until the next look. Thread-safe.
 */
public class LogFeed implements SmartLifecycle {

  /** Each follower costs a connection, a virtual thread and a look at the database per second. */
  public static final int MAX_FOLLOWERS = 256;

  private final Semaphore places = new Semaphore(MAX_FOLLOWERS);
  private final ConcurrentHashMap<JobId, Set<Follower>> followers = new ConcurrentHashMap<>();
  private final Consumer<JobId> others;
  private volatile boolean running;

  /**
   * @param others says it to the other orchestrators; must not block
   */
  public LogFeed(Consumer<JobId> others) {
    this.others = others;
  }

  /** Starts to follow a job; empty when there are too many followers, or we are shutting down. */
  public Optional<Follower> follow(JobId job) {
    if (!running || !places.tryAcquire()) {
      return Optional.empty();
    }
    Follower follower = new Follower(job);
    followers.compute(
        job,
        (_, known) -> {
          Set<Follower> all = known == null ? ConcurrentHashMap.newKeySet() : known;
          all.add(follower);
          return all;
        });
    return Optional.of(follower);
  }

  /** There may be news of the job: also its followers at other orchestrators. Never blocks. */
  public void nudge(JobId job) {
    wake(job);
    others.accept(job);
  }

  /** Another orchestrator says that there may be news of any job. Never blocks. */
  public void wakeAll() {
    followers.values().forEach(all -> all.forEach(Follower::wake));
  }

  /** Another orchestrator says that there may be news of the job. Never blocks. */
  public void wake(JobId job) {
    Set<Follower> all = followers.get(job);
    if (all != null) {
      all.forEach(Follower::wake);
    }
  }

  /** One who follows a job; closed by its owner. */
  public final class Follower implements AutoCloseable {
    private final JobId job;
    private final Semaphore news = new Semaphore(0);

    private Follower(JobId job) {
      this.job = job;
    }

    private void wake() {
      news.release();
    }

    /**
     * Waits for news, at most so long.
     *
     * @return false when we are shutting down
     */
    public boolean await(Duration most) throws InterruptedException {
      if (running && news.tryAcquire(most.toMillis(), TimeUnit.MILLISECONDS)) {
        news.drainPermits();
      }
      return running;
    }

    @Override
    public void close() {
      followers.computeIfPresent(
          job,
          (_, all) -> {
            all.remove(this);
            return all.isEmpty() ? null : all;
          });
      places.release();
    }
  }

  @Override
  public void start() {
    running = true;
  }

  @Override
  public void stop() {
    running = false;
    followers.values().forEach(all -> all.forEach(Follower::wake));
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  /** Last to start and first to stop: the web server waits for open answers when it stops. */
  @Override
  public int getPhase() {
    return Integer.MAX_VALUE;
  }
}
