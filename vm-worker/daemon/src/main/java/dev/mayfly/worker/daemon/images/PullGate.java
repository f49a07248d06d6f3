package dev.mayfly.worker.daemon.images;

import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;

/**
 * Shares the way to the orchestrator: so many files at once for jobs, and one for what nobody waits
 * for, which stands still while a job waits for anything. Thread-safe.
 */
final class PullGate {
  private final Semaphore connections;
  private final Semaphore background = new Semaphore(1);
  private int jobs;

  PullGate(int connections) {
    this.connections = new Semaphore(connections);
  }

  /** A job waits for a pull from now on. */
  synchronized void jobCame() {
    jobs++;
  }

  /** One job less. */
  synchronized void jobWent() {
    jobs--;
    notifyAll();
  }

  /** Those in the background look again whether a job waits for them. */
  synchronized void priorityChanged() {
    notifyAll();
  }

  /** The connections of a pull for a job, or of one that nobody waits for. */
  Semaphore connections(boolean forJob) {
    return forJob ? connections : background;
  }

  /** Returns when this pull may go on: at once when it is for a job. */
  synchronized void pass(BooleanSupplier forJob) throws InterruptedException {
    while (!forJob.getAsBoolean() && jobs > 0) {
      wait();
    }
  }
}
