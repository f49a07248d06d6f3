package dev.mayfly.core.job;

import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.lease.Lease;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A {@link JobStore} in a map. */
public final class InMemoryJobStore implements JobStore {
  private static final Comparator<Job> QUEUE_ORDER =
      Comparator.comparing((Job job) -> job.spec().demand().priority())
          .reversed()
          .thenComparing(Job::id);

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
  public Submission submit(Job job, @Nullable IdempotencyKey key, ImageBuild build) {
    synchronized (database) {
      Submission submission = submit(job, key);
      if (submission instanceof Submission.Accepted) {
        database.request(build);
      }
      return submission;
    }
  }

  @Override
  public List<Job> awaitingImage(int limit) {
    return select(Job::awaitsImage, limit);
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
  public List<Attempt> attempts(JobId id) {
    synchronized (database) {
      return database.attempts(id);
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
  public List<Job> heads(Instant now, int perProject) {
    Map<ProjectName, Integer> taken = new HashMap<>();
    return queued()
        .filter(job -> !job.awaitsImage())
        .filter(job ->
            job.progress() instanceof JobProgress.Queued queued && !queued.notBefore().isAfter(now))
        .filter(job -> taken.merge(job.spec().demand().project(), 1, Integer::sum) <= perProject)
        .toList();
  }

  /** The waiting jobs in the order of the queue. */
  private java.util.stream.Stream<Job> queued() {
    return select(job -> job.state() == JobState.QUEUED, Integer.MAX_VALUE).stream()
        .sorted(QUEUE_ORDER);
  }

  @Override
  public List<Waiting> waiting(int limit) {
    Map<Demand, Waiting> byDemand = new LinkedHashMap<>();
    for (Job job : select(job -> job.state() == JobState.QUEUED, Integer.MAX_VALUE)) {
      byDemand.merge(
          job.spec().demand(),
          new Waiting(job.spec().demand(), 1, job.id()),
          (first, _) ->
              new Waiting(
                  first.demand(),
                  Math.min(Waiting.MOST_COUNTED, first.count() + 1),
                  first.oldest()));
    }
    return byDemand.values().stream().limit(limit).toList();
  }

  @Override
  public Map<ProjectName, ProjectUse> use() {
    Map<ProjectName, ProjectUse> use = new HashMap<>();
    for (Job job : select(job -> job.state() == JobState.ACTIVE, Integer.MAX_VALUE)) {
      use.merge(
          job.spec().demand().project(),
          new ProjectUse(1, Capacity.NONE.plus(job.spec().shape())),
          (old, _) -> new ProjectUse(old.jobs() + 1, old.reserved().plus(job.spec().shape())));
    }
    return use;
  }

  @Override
  public int countQueued(int atMost) {
    return select(job -> job.state() == JobState.QUEUED, atMost).size();
  }

  @Override
  public int aheadOf(Job job, int atMost) {
    return (int)
        queued()
            .filter(other -> other.spec().demand().project().equals(job.spec().demand().project()))
            .filter(other -> QUEUE_ORDER.compare(other, job) < 0)
            .limit(atMost)
            .count();
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

  @Override
  public List<Job> queueTimedOut(Instant now, int limit) {
    return select(
        job ->
            job.progress() instanceof JobProgress.Queued queued
                && !now.isBefore(queued.since().plus(job.spec().limits().queue())),
        limit);
  }

  @Override
  public List<Job> sessionsExpired(Instant now, int limit) {
    return select(
        job ->
            job.state() != JobState.FINISHED
                && job.endRequest() == null
                && job.sessionUntil() != null
                && !now.isBefore(job.sessionUntil()),
        limit);
  }

  @Override
  public boolean renewSession(JobId id, Instant until) {
    synchronized (database) {
      Job job = database.jobs.get(id);
      Instant before = job == null ? null : job.sessionUntil();
      if (job == null || before == null || job.state() == JobState.FINISHED) {
        return false;
      }
      if (until.isAfter(before)) {
        database.jobs.put(id, InMemoryDatabase.with(job, job.attempt(), until));
      }
      return true;
    }
  }

  private List<Job> select(Predicate<Job> wanted, int limit) {
    synchronized (database) {
      return database.jobs.values().stream().filter(wanted).limit(limit).toList();
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
      Attempt next = after.attempt();
      if (now != null && next != null && !now.id().equals(next.id())) {
        database.earlier.computeIfAbsent(before.id(), _ -> new ArrayList<>()).add(now);
      } else if (now != null && next != null) {
        next = withLog(next, now.log());
      }
      database.jobs.put(after.id(), InMemoryDatabase.with(after, next, stored.sessionUntil()));
      return true;
    }
  }

  @Override
  public Set<JobId> commitPlacements(List<Placement> placements) {
    synchronized (database) {
      Set<JobId> committed = new LinkedHashSet<>();
      for (Placement placement : placements) {
        if (hasRoom(placement.after()) && commit(placement.before(), placement.after())) {
          committed.add(placement.before().id());
        }
      }
      return committed;
    }
  }

  private boolean hasRoom(Job after) {
    WorkerId id = after.currentAttempt().worker();
    Worker worker = database.workers.get(id);
    Map<ProjectName, ProjectUse> use = use();
    ProjectName project = after.spec().demand().project();
    int all = use.values().stream().mapToInt(ProjectUse::jobs).sum();
    return worker != null
        && worker.takesWork()
        && worker.capacity().minus(used(database, id)).holds(after.spec().shape())
        && below(
            database.quotas.project(project).maxActive(),
            use.getOrDefault(project, ProjectUse.NONE).jobs())
        && below(database.quotas.maxActive(), all);
  }

  private static boolean below(OptionalInt cap, int active) {
    return cap.isEmpty() || active < cap.getAsInt();
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
          if (expiresAt.isAfter(attempt.lease().expiresAt())) {
            database.put(withLease(attempt, expiresAt));
          }
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
        database.put(withLease(attempt, expiresAt));
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
        database.earlier.remove(job.id());
        database.keys.values().removeIf(taken -> taken.job().equals(job.id()));
        database.logs.keySet().removeIf(attempt -> attempt.job().equals(job.id()));
      }
      return old.size();
    }
  }

  private @Nullable Attempt attempt(Claim claim) {
    Attempt attempt = database.attempt(claim.attempt());
    return attempt != null && attempt.lease().epoch().equals(claim.epoch()) ? attempt : null;
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
