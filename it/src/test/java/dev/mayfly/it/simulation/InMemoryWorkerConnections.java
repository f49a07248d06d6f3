package dev.mayfly.it.simulation;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.InMemoryWorkerStore;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerEvent;
import dev.mayfly.core.fleet.WorkerMachine;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.server.persistence.WorkerConnections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Numbers connections in a map. */
final class InMemoryWorkerConnections implements WorkerConnections {
  private final InMemoryDatabase tables;
  private final boolean numbersAreIgnored;
  private final Map<WorkerId, Long> newest = new HashMap<>();

  InMemoryWorkerConnections(InMemoryDatabase tables, boolean numbersAreIgnored) {
    this.tables = tables;
    this.numbersAreIgnored = numbersAreIgnored;
  }

  @Override
  public long connect(Worker worker) {
    new InMemoryWorkerStore(tables).register(worker);
    return newest.merge(worker.id(), 1L, Long::sum);
  }

  @Override
  public boolean disconnect(WorkerId worker, long connection, WorkerState state) {
    if (!isNewest(worker, connection) && !numbersAreIgnored) {
      return false;
    }
    WorkerEvent.Presence event =
        state == WorkerState.LEFT
            ? new WorkerEvent.Presence.Left()
            : new WorkerEvent.Presence.Disconnected();
    tables.workers.computeIfPresent(
        worker,
        (_, before) ->
            before.withState(WorkerMachine.apply(before.state(), event), before.lastSeenAt()));
    return true;
  }

  @Override
  public Set<WorkerId> current(Map<WorkerId, Long> connections) {
    return connections.entrySet().stream()
        .filter(asked -> isNewest(asked.getKey(), asked.getValue()))
        .map(Map.Entry::getKey)
        .collect(Collectors.toUnmodifiableSet());
  }

  private boolean isNewest(WorkerId worker, long connection) {
    return newest.getOrDefault(worker, 0L) == connection;
  }
}
