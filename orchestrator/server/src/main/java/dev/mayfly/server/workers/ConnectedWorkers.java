package dev.mayfly.server.workers;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.server.persistence.Notices;
import dev.mayfly.server.persistence.WorkerConnections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which workers are connected to this orchestrator. A worker may connect again, here or to another
 * orchestrator, before its old connection is seen to end: the number of the connection decides
 * which one counts. Thread-safe.
 */
class ConnectedWorkers {

  /** A connection and its number. */
  private record Numbered(WorkerConnection connection, long number) {}

  private final WorkerConnections numbers;
  private final Notices notices;
  private final Map<WorkerId, Numbered> connections = new ConcurrentHashMap<>();

  ConnectedWorkers(WorkerConnections numbers, Notices notices) {
    this.numbers = numbers;
    this.notices = notices;
  }

  /** The worker has registered on this connection; an older one of the same worker is ended. */
  void join(Worker worker, WorkerConnection connection) {
    Numbered joined = new Numbered(connection, numbers.connect(worker));
    Numbered old = connections.get(worker.id());
    Numbered kept =
        connections.merge(
            worker.id(), joined, (one, other) -> one.number() > other.number() ? one : other);
    if (kept != joined) {
      connection.replaced();
    } else if (old != null) {
      old.connection().replaced();
    }
    connection.joinedAs(joined.number());
    notices.connected(worker.id(), joined.number());
  }

  /**
   * The worker says that it goes; what it says on an older connection is about a process that has a
   * successor.
   *
   * @return whether it counts
   */
  boolean leaving(WorkerId worker, long number) {
    return numbers.disconnect(worker, number, WorkerState.LEFT);
  }

  /** The connection has ended; only the newest one of a worker says what becomes of it. */
  void leave(WorkerId worker, WorkerConnection connection, long number, WorkerState state) {
    connections.computeIfPresent(
        worker, (_, present) -> present.connection() == connection ? null : present);
    numbers.disconnect(worker, number, state);
  }

  /** The worker has connected elsewhere: what is here of it is older, and ended. */
  void connectedElsewhere(WorkerId worker, long number) {
    Numbered here = connections.get(worker);
    if (here != null && here.number() < number) {
      here.connection().replaced();
    }
  }

  /** Ends connections whose worker has connected elsewhere meanwhile; when a notice was lost. */
  void endStale() {
    Map<WorkerId, Numbered> here = Map.copyOf(connections);
    if (here.isEmpty()) {
      return;
    }
    Map<WorkerId, Long> asked = new HashMap<>();
    here.forEach((worker, numbered) -> asked.put(worker, numbered.number()));
    Set<WorkerId> current = numbers.current(asked);
    here.forEach((worker, numbered) -> {
      if (!current.contains(worker)) {
        numbered.connection().replaced();
      }
    });
  }

  Optional<WorkerConnection> find(WorkerId worker) {
    return Optional.ofNullable(connections.get(worker)).map(Numbered::connection);
  }

  List<WorkerConnection> all() {
    return connections.values().stream().map(Numbered::connection).toList();
  }
}
