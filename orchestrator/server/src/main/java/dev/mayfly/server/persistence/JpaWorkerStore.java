package dev.mayfly.server.persistence;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.fleet.WorkerStore;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/** Workers in the table {@code worker}. */
class JpaWorkerStore implements WorkerStore {
  private final WorkerRepository workers;
  private final Transactions transactions;

  JpaWorkerStore(WorkerRepository workers, Transactions transactions) {
    this.workers = workers;
    this.transactions = transactions;
  }

  @Override
  public void register(Worker worker) {
    transactions.write(() -> {
      WorkerEntity entity = workers.lockById(worker.id().value()).orElseGet(WorkerEntity::new);
      entity.set(worker);
      return workers.save(entity);
    });
  }

  @Override
  public boolean heartbeat(WorkerId worker, Instant at, Set<BundleDigest> bundles) {
    return transactions.write(() -> {
      Optional<WorkerEntity> found = workers.lockById(worker.value());
      found.ifPresent(entity -> {
        entity.state = WorkerState.ONLINE.name();
        entity.lastSeenAt = at;
        if (!bundles.isEmpty()) {
          entity.setBundles(bundles);
        }
      });
      return found.isPresent();
    });
  }

  @Override
  public void mark(WorkerId worker, WorkerState state) {
    transactions.write(() -> workers.setState(worker.value(), state.name()));
  }

  @Override
  public int markSilent(Instant lastSeenBefore) {
    return transactions.write(() -> workers.markSilent(lastSeenBefore));
  }

  @Override
  public Optional<Worker> find(WorkerId worker) {
    return transactions.read(() -> workers.findById(worker.value()).map(WorkerEntity::toWorker));
  }

  @Override
  public FleetView fleet() {
    return transactions.read(() -> {
      Map<UUID, Capacity> used =
          workers.reserved().stream()
              .collect(
                  Collectors.toMap(WorkerRepository.Reserved::worker, JpaWorkerStore::capacity));
      return new FleetView(
          workers.findAllByOrderByNameAscIdAsc().stream()
              .map(entity ->
                  new FleetView.Member(
                      entity.toWorker(), used.getOrDefault(entity.id, Capacity.NONE), false))
              .toList());
    });
  }

  static Capacity capacity(WorkerRepository.Reserved reserved) {
    return new Capacity(
        Math.toIntExact(reserved.cpus()),
        Math.toIntExact(reserved.memoryMib()),
        Math.toIntExact(reserved.scratchMib()));
  }
}
