package dev.mayfly.server.workers;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.fleet.WorkerStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which workers are connected to this orchestrator. Joining and leaving happen one after the other,
 * so that the end of an old connection never marks as silent a worker that has just come back.
 * Thread-safe.
 */
class ConnectedWorkers {
  private final WorkerStore workers;
  private final Map<WorkerId, WorkerConnection> connections = new HashMap<>();

  ConnectedWorkers(WorkerStore workers) {
    this.workers = workers;
  }

  /** The worker has registered on this connection; an older one of the same worker is ended. */
  synchronized void join(Worker worker, WorkerConnection connection) {
    workers.register(worker);
    WorkerConnection old = connections.put(worker.id(), connection);
    if (old != null) {
      old.replaced();
    }
  }

  /** The connection has ended. */
  synchronized void leave(WorkerId worker, WorkerConnection connection, WorkerState state) {
    if (connections.remove(worker, connection)) {
      workers.mark(worker, state);
    }
  }

  synchronized List<WorkerConnection> all() {
    return List.copyOf(connections.values());
  }
}
