package dev.mayfly.server.persistence;

import dev.mayfly.core.job.Job;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Tells of placements this orchestrator has committed, or could not try to. Thread-safe. */
public final class PlacementNews {
  private final AtomicBoolean busy = new AtomicBoolean();
  private volatile Consumer<List<Job>> listener = _ -> {};

  PlacementNews() {}

  /** Who is told of placed jobs, on the thread that placed them, after the commit; one only. */
  public void onPlaced(Consumer<List<Job>> who) {
    listener = who;
  }

  /** Whether another orchestrator was placing, so that nothing was tried here, since last asked. */
  public boolean takeBusy() {
    return busy.getAndSet(false);
  }

  void placed(List<Job> jobs) {
    listener.accept(jobs);
  }

  void busy() {
    busy.set(true);
  }
}
