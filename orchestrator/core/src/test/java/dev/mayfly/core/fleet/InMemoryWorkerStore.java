package dev.mayfly.core.fleet;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.InMemoryJobStore;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A {@link WorkerStore} in a map. */
public final class InMemoryWorkerStore implements WorkerStore {
  private final InMemoryDatabase database;

  public InMemoryWorkerStore(InMemoryDatabase database) {
    this.database = database;
  }

  @Override
  public void register(Worker worker) {
    synchronized (database) {
      database.workers.put(worker.id(), worker);
    }
  }

  @Override
  public boolean heartbeat(WorkerId id, Instant at, Set<BundleDigest> bundles) {
    synchronized (database) {
      return database.workers.computeIfPresent(
              id,
              (_, worker) ->
                  changed(
                      worker,
                      WorkerState.ONLINE,
                      bundles.isEmpty() ? worker.bundles() : bundles,
                      at))
          != null;
    }
  }

  @Override
  public void mark(WorkerId id, WorkerState state) {
    synchronized (database) {
      database.workers.computeIfPresent(
          id, (_, worker) -> changed(worker, state, worker.bundles(), worker.lastSeenAt()));
    }
  }

  @Override
  public int markSilent(Instant lastSeenBefore) {
    synchronized (database) {
      List<Worker> silent =
          database.workers.values().stream()
              .filter(worker -> worker.state() == WorkerState.ONLINE)
              .filter(worker -> worker.lastSeenAt().isBefore(lastSeenBefore))
              .toList();
      silent.forEach(worker -> mark(worker.id(), WorkerState.SILENT));
      return silent.size();
    }
  }

  @Override
  public Optional<Worker> find(WorkerId worker) {
    synchronized (database) {
      return Optional.ofNullable(database.workers.get(worker));
    }
  }

  @Override
  public FleetView fleet() {
    synchronized (database) {
      return new FleetView(
          database.workers.values().stream()
              .sorted(
                  Comparator.comparing(Worker::name)
                      .thenComparing(worker -> worker.id().toString()))
              .map(worker ->
                  new FleetView.Member(worker, InMemoryJobStore.used(database, worker.id()), false))
              .toList());
    }
  }

  private static Worker changed(
      Worker worker, WorkerState state, Set<BundleDigest> bundles, Instant seen) {
    return new Worker(
        worker.id(),
        worker.name(),
        state,
        worker.version(),
        worker.architecture(),
        worker.hostKernel(),
        worker.capacity(),
        worker.vmms(),
        bundles,
        seen);
  }
}
