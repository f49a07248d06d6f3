package dev.mayfly.server.workers;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.placement.Nudges;

/** Nudges that also know single workers; never blocks. Thread-safe. */
public interface WorkerNudges extends Nudges {

  /** There may be something to tell a worker that is connected here. */
  void worker(WorkerId worker);

  /** There may be something to tell any worker that is connected here. */
  void workersHere();
}
