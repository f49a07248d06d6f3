package dev.mayfly.core.fleet;

import dev.mayfly.api.Blame;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.InMemoryJobStore;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A {@link WorkerStore} in a map. */
public final class InMemoryWorkerStore implements WorkerStore {
  private final InMemoryDatabase database;

  public InMemoryWorkerStore(InMemoryDatabase database) {
    this.database = database;
  }

  @Override
  public void register(Worker worker) {
    synchronized (database) {
      database.workers.merge(worker.id(), worker, (before, said) -> said.withDuty(before.duty()));
    }
  }

  @Override
  public boolean heartbeat(WorkerId id, Instant at, Set<BundleDigest> bundles) {
    synchronized (database) {
      return database.workers.computeIfPresent(
              id,
              (_, worker) ->
                  (bundles.isEmpty() ? worker : worker.withBundles(bundles))
                      .withState(
                          WorkerMachine.apply(worker.state(), new WorkerEvent.Presence.Heartbeat()),
                          at))
          != null;
    }
  }

  @Override
  public void mark(WorkerId id, WorkerState state) {
    synchronized (database) {
      database.workers.computeIfPresent(
          id, (_, worker) -> worker.withState(state, worker.lastSeenAt()));
    }
  }

  @Override
  public int markSilent(Instant lastSeenBefore) {
    return apply(new WorkerEvent.Presence.SilenceNoticed(), lastSeenBefore);
  }

  @Override
  public int markLost(Instant lastSeenBefore) {
    return apply(new WorkerEvent.Presence.LeasesOver(), lastSeenBefore);
  }

  private int apply(WorkerEvent.Presence event, Instant lastSeenBefore) {
    synchronized (database) {
      int changed = 0;
      for (Worker worker : List.copyOf(database.workers.values())) {
        WorkerState next = WorkerMachine.apply(worker.state(), event);
        if (next != worker.state() && worker.lastSeenAt().isBefore(lastSeenBefore)) {
          mark(worker.id(), next);
          changed++;
        }
      }
      return changed;
    }
  }

  @Override
  public boolean setDuty(WorkerId id, Duty duty) {
    synchronized (database) {
      if (duty instanceof Duty.Accepting) {
        ended(id).findFirst().ifPresent(last -> database.resumed.put(id, last.at()));
      }
      return database.workers.computeIfPresent(id, (_, worker) -> worker.withDuty(duty)) != null;
    }
  }

  @Override
  public Map<WorkerId, Integer> faultStreaks(Instant since, int least) {
    synchronized (database) {
      Map<WorkerId, Integer> streaks = new HashMap<>();
      for (Worker worker : database.workers.values()) {
        Instant resumed = database.resumed.getOrDefault(worker.id(), Instant.MIN);
        int streak =
            (int)
                ended(worker.id())
                    .takeWhile(end -> end.at().isAfter(since) && end.at().isAfter(resumed))
                    .takeWhile(end -> ofItsMaking(end.outcome()))
                    .count();
        if (streak >= least && worker.duty() instanceof Duty.Accepting) {
          streaks.put(worker.id(), streak);
        }
      }
      return streaks;
    }
  }

  /** How the attempts on a worker ended, the latest first. */
  private Stream<AttemptState.Finished> ended(WorkerId worker) {
    return database.jobs.keySet().stream()
        .flatMap(job -> database.attempts(job).stream())
        .filter(attempt -> attempt.worker().equals(worker))
        .map(Attempt::state)
        .filter(AttemptState.Finished.class::isInstance)
        .map(AttemptState.Finished.class::cast)
        .sorted(Comparator.comparing(AttemptState.Finished::at).reversed());
  }

  private static boolean ofItsMaking(Outcome outcome) {
    return outcome instanceof Outcome.Faulted(FaultCode code, var _)
        && code.blame() == Blame.PLATFORM
        && code != FaultCode.WORKER_LOST
        && code != FaultCode.WORKER_LEAVING;
  }

  @Override
  public Optional<Worker> find(WorkerId worker) {
    synchronized (database) {
      return Optional.ofNullable(database.workers.get(worker));
    }
  }

  @Override
  public Optional<Worker> findByNameOrId(String nameOrId) {
    synchronized (database) {
      return database.workers.values().stream()
          .filter(
              worker -> worker.name().equals(nameOrId) || worker.id().toString().equals(nameOrId))
          .max(Comparator.comparing(Worker::lastSeenAt));
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
                  new FleetView.Member(worker, InMemoryJobStore.used(database, worker.id())))
              .toList());
    }
  }
}
