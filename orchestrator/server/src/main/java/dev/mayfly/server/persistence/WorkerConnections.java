package dev.mayfly.server.persistence;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;

/**
 * Port: which connection of a worker is the newest, over all orchestrators. A worker that lost its
 * connection may have come back to another orchestrator before the first one has noticed; what the
 * first one then says of it must not count. Safe for use by several threads and several
 * orchestrators.
 */
public interface WorkerConnections {

  /**
   * As {@link dev.mayfly.core.fleet.WorkerStore#register}, over a new connection.
   *
   * @return the number of the connection, larger than any before of this worker
   */
  long connect(Worker worker);

  /**
   * Sets the state of a worker whose connection has ended or is about to, unless it has a newer
   * one. LEFT stays LEFT, and LOST becomes nothing but LEFT ({@link
   * dev.mayfly.core.fleet.WorkerMachine}). Idempotent.
   *
   * @param state SILENT or LEFT
   * @return whether it was the newest
   */
  boolean disconnect(WorkerId worker, long connection, WorkerState state);

  /** Those of the workers whose newest connection is the one given with them. */
  java.util.Set<WorkerId> current(java.util.Map<WorkerId, Long> connections);
}
