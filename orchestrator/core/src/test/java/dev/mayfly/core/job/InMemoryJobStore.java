package dev.mayfly.core.job;

import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.lease.Lease;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A {@link JobStore} in a map. */
public final class InMemoryJobStore implements JobStore {
  private final InMemoryDatabase database;

  public InMemoryJobStore(InMemoryDatabase database) {
    this.database = database;
  }

  @Override
  public Submission submit(Job job, @Nullable IdempotencyKey key) {
    synchronized (database) {
      if (key != null) {
        Optional<Submission> earlier = submitted(key);
        if (earlier.isPresent()) {
          return earlier.get();
        }
        database.keys.put(key.value(), new InMemoryDatabase.KeyedJob(job.id(), key.fingerprint()));
      }
      database.jobs.put(job.id(), job);
      return new Submission.Accepted(job);
    }
  }

  @Override
  public Optional<Submission> submitted(IdempotencyKey key) {
    synchronized (database) {
      InMemoryDatabase.KeyedJob taken = database.keys.get(key.value());
      if (taken == null) {
        return Optional.empty();
      }
      Job job = database.jobs.get(taken.job());
      return Optional.of(
          job != null && taken.fingerprint().equals(key.fingerprint())
              ? new Submission.Repeated(job)
              : new Submission.KeyTaken(taken.job()));
    }
  }

  @Override
  public Optional<Job> find(JobId id) {
    synchronized (database) {
      return Optional.ofNullable(database.jobs.get(id));
    }
  }

  @Override
  public List<Job> list(JobQuery query) {
    synchronized (database) {
      return database.jobs.descendingMap().values().stream()
          .filter(job -> query.state() == null || job.state() == query.state())
          .filter(job -> query.image() == null || job.spec().image().equals(query.image()))
          .filter(job -> query.worker() == null || onWorker(job, query.worker()))
          .filter(job -> query.olderThan() == null || job.id().compareTo(query.olderThan()) < 0)
          .limit(query.limit())
          .toList();
    }
  }

  private boolean onWorker(Job job, String nameOrId) {
    Attempt attempt = job.attempt();
    if (attempt == null) {
      return false;
    }
    Worker worker = database.workers.get(attempt.worker());
    return attempt.worker().toString().equals(nameOrId)
        || (worker != null && worker.name().equals(nameOrId));
  }

  @Override
  public List<Job> queued(int limit) {
    return select(job -> job.state() == JobState.QUEUED, limit);
  }

  @Override
  public int countQueued(int atMost) {
    return queued(atMost).size();
  }

  @Override
  public List<Job> activeOn(WorkerId worker) {
    return select(
        job -> job.state() == JobState.ACTIVE && job.currentAttempt().worker().equals(worker),
        Integer.MAX_VALUE);
  }

  @Override
  public List<Job> expired(Instant now, int limit) {
    return select(
        job -> job.state() == JobState.ACTIVE && job.currentAttempt().lease().expiredAt(now),
        limit);
  }

  private List<Job> select(Predicate<Job> wanted, int limit) {
    synchronized (database) {
      return List.copyOf(database.jobs.values().stream().filter(wanted).limit(limit).toList());
    }
  }

  @Override
  public boolean commit(Job before, Job after) {
    synchronized (database) {
      Job stored = database.jobs.get(before.id());
      if (stored == null || stored.version() != before.version()) {
        return false;
      }
      Attempt old = before.attempt();
      Attempt now = stored.attempt();
      if (old != null && (now == null || !old.lease().equals(now.lease()))) {
        return false;
      }
      database.jobs.put(after.id(), withStoredLog(after, now));
      return true;
    }
  }

  private static Job withStoredLog(Job after, @Nullable Attempt stored) {
    Attempt next = after.attempt();
    if (next == null || stored == null || !next.id().equals(stored.id())) {
      return after;
    }
    return replace(after, withLog(next, stored.log()));
  }

  @Override
  public boolean commitPlacement(Job before, Job after) {
    synchronized (database) {
      Attempt attempt = after.currentAttempt();
      Worker worker = database.workers.get(attempt.worker());
      Capacity used = used(database, attempt.worker());
      return worker != null
          && worker.capacity().minus(used).holds(after.spec().shape())
          && commit(before, after);
    }
  }

  /** What the unfinished attempts on a worker reserve. */
  public static Capacity used(InMemoryDatabase database, WorkerId worker) {
    Capacity used = Capacity.NONE;
    for (Job job : database.jobs.values()) {
      if (job.state() == JobState.ACTIVE && job.currentAttempt().worker().equals(worker)) {
        used = used.plus(job.spec().shape());
      }
    }
    return used;
  }

  @Override
  public void explain(JobId id, String waitingBecause) {
    synchronized (database) {
      database.jobs.computeIfPresent(
          id,
          (_, job) ->
              job.state() == JobState.QUEUED
                  ? new Job(
                      job.id(),
                      job.version(),
                      job.spec(),
                      job.submittedAt(),
                      new JobProgress.Queued(waitingBecause),
                      job.cancelRequested(),
                      job.attempt())
                  : job);
    }
  }

  @Override
  public Renewal renew(WorkerId worker, Collection<Claim> claims, Instant now, Instant expiresAt) {
    synchronized (database) {
      Set<Claim> renewed = new HashSet<>();
      Set<Claim> voided = new HashSet<>();
      for (Claim claim : claims) {
        Attempt attempt = attempt(claim);
        if (attempt == null || !attempt.worker().equals(worker)) {
          voided.add(claim);
        } else if (attempt.finished()) {
          if (attempt.logComplete()) {
            voided.add(claim);
          }
        } else if (attempt.lease().expiredAt(now)) {
          voided.add(claim);
        } else {
          put(claim, withLease(attempt, expiresAt));
          renewed.add(claim);
        }
      }
      return new Renewal(renewed, voided);
    }
  }

  @Override
  public void shorten(Claim claim, Instant expiresAt) {
    synchronized (database) {
      Attempt attempt = attempt(claim);
      if (attempt != null
          && !attempt.finished()
          && attempt.lease().expiresAt().isAfter(expiresAt)) {
        put(claim, withLease(attempt, expiresAt));
      }
    }
  }

  @Override
  public int removeFinished(Instant before, int limit) {
    synchronized (database) {
      List<Job> old =
          select(
              job ->
                  job.progress() instanceof JobProgress.Finished finished
                      && finished.at().isBefore(before),
              limit);
      for (Job job : old) {
        database.jobs.remove(job.id());
        database.keys.values().removeIf(taken -> taken.job().equals(job.id()));
        database.logs.keySet().removeIf(attempt -> attempt.job().equals(job.id()));
      }
      return old.size();
    }
  }

  private @Nullable Attempt attempt(Claim claim) {
    Job job = database.jobs.get(claim.attempt().job());
    Attempt attempt = job == null ? null : job.attempt();
    return attempt != null
            && attempt.id().equals(claim.attempt())
            && attempt.lease().epoch().equals(claim.epoch())
        ? attempt
        : null;
  }

  private void put(Claim claim, Attempt attempt) {
    database.jobs.computeIfPresent(claim.attempt().job(), (_, job) -> replace(job, attempt));
  }

  static Job replace(Job job, Attempt attempt) {
    return new Job(
        job.id(),
        job.version(),
        job.spec(),
        job.submittedAt(),
        job.progress(),
        job.cancelRequested(),
        attempt);
  }

  private static Attempt withLease(Attempt attempt, Instant expiresAt) {
    return rebuilt(attempt, new Lease(attempt.lease().epoch(), expiresAt), attempt.log());
  }

  public static Attempt withLog(Attempt attempt, Attempt.StoredLog log) {
    return rebuilt(attempt, attempt.lease(), log);
  }

  private static Attempt rebuilt(Attempt attempt, Lease lease, Attempt.StoredLog log) {
    return new Attempt(
        attempt.id(),
        attempt.worker(),
        lease,
        attempt.placedAt(),
        attempt.state(),
        attempt.reportNumber(),
        attempt.phases(),
        attempt.vmm(),
        attempt.guestKernel(),
        attempt.peakMemoryKib(),
        log);
  }
}
