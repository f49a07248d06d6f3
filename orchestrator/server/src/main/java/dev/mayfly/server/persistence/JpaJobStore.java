package dev.mayfly.server.persistence;

import dev.mayfly.api.JobId;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobQuery;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.Submission;
import dev.mayfly.server.persistence.JobRepository.Row;
import jakarta.persistence.EntityManager;
import jakarta.persistence.TypedQuery;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.data.domain.Limit;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Jobs in the tables {@code job} and {@code attempt}. Rows are always locked in the order worker,
 * job, attempt, so that calls never deadlock.
 */
class JpaJobStore implements JobStore {
  private final EntityManager entities;
  private final JobRepository jobs;
  private final WorkerRepository workers;
  private final Transactions transactions;
  private final JdbcClient sql;

  JpaJobStore(
      EntityManager entities,
      JobRepository jobs,
      WorkerRepository workers,
      Transactions transactions,
      JdbcClient sql) {
    this.entities = entities;
    this.jobs = jobs;
    this.workers = workers;
    this.transactions = transactions;
    this.sql = sql;
  }

  private static Job job(Row row) {
    return row.job().toJob(row.attempt());
  }

  private static List<Job> jobs(List<Row> rows) {
    return rows.stream().map(JpaJobStore::job).toList();
  }

  @Override
  public Submission submit(Job job, @Nullable IdempotencyKey key) {
    try {
      transactions.write(() -> {
        entities.persist(JobEntity.of(job, key));
        entities.flush();
        return job;
      });
      return new Submission.Accepted(job);
    } catch (DataIntegrityViolationException | jakarta.persistence.PersistenceException taken) {
      // The unique index decides between two who submit under one key at once.
      Optional<Submission> earlier = key == null ? Optional.empty() : submitted(key);
      return earlier.orElseThrow(() -> taken);
    }
  }

  @Override
  public Optional<Submission> submitted(IdempotencyKey key) {
    return transactions.read(() ->
        jobs.rowByKey(key.value())
            .map(row ->
                key.fingerprint().equals(row.job().requestFingerprint)
                    ? new Submission.Repeated(job(row))
                    : new Submission.KeyTaken(new JobId(row.job().id))));
  }

  @Override
  public Optional<Job> find(JobId id) {
    return transactions.read(() -> jobs.row(id.value()).map(JpaJobStore::job));
  }

  @Override
  public List<Job> list(JobQuery query) {
    return transactions.read(() -> {
      Set<UUID> onWorkers = new HashSet<>();
      String worker = query.worker();
      if (worker != null) {
        onWorkers.addAll(
            sql.sql("select id from worker where name = :worker or id::text = :worker")
                .param("worker", worker)
                .query(UUID.class)
                .set());
      }
      TypedQuery<Row> rows = entities.createQuery(listing(query), Row.class);
      if (query.state() != null) {
        rows.setParameter("state", query.state().name());
      }
      if (query.image() != null) {
        rows.setParameter("image", query.image().value());
      }
      if (worker != null) {
        rows.setParameter("workers", onWorkers);
      }
      if (query.olderThan() != null) {
        rows.setParameter("olderThan", query.olderThan().value());
      }
      return jobs(rows.setMaxResults(query.limit()).getResultList());
    });
  }

  private static String listing(JobQuery query) {
    return JobRepository.ROW
        + "where 1 = 1"
        + (query.state() == null ? "" : " and j.state = :state")
        + (query.image() == null ? "" : " and j.image = :image")
        + (query.worker() == null ? "" : " and j.workerId in :workers")
        + (query.olderThan() == null ? "" : " and j.id < :olderThan")
        + " order by j.id desc";
  }

  @Override
  public List<Job> queued(int limit) {
    return transactions.read(() -> jobs(jobs.queued(Limit.of(limit))));
  }

  @Override
  public int countQueued(int atMost) {
    return transactions.read(() ->
        sql.sql(
                "select count(*) from (select from job where state = 'QUEUED' limit :most)"
                    + " as waiting")
            .param("most", atMost)
            .query(Integer.class)
            .single());
  }

  @Override
  public List<Job> activeOn(WorkerId worker) {
    return transactions.read(() -> jobs(jobs.activeOn(worker.value())));
  }

  @Override
  public List<Job> expired(Instant now, int limit) {
    return transactions.read(() -> jobs(jobs.expired(now, Limit.of(limit))));
  }

  @Override
  public boolean commit(Job before, Job after) {
    return transactions.write(() -> replace(before, after));
  }

  @Override
  public boolean commitPlacement(Job before, Job after) {
    return transactions.write(() -> {
      Optional<WorkerEntity> worker = workers.lockById(after.currentAttempt().worker().value());
      return worker.isPresent()
          && free(worker.get()).holds(after.spec().shape())
          && replace(before, after);
    });
  }

  private Capacity free(WorkerEntity worker) {
    Capacity used = jobs.reservedOn(worker.id).map(JpaWorkerStore::capacity).orElse(Capacity.NONE);
    return worker.toWorker().capacity().minus(used);
  }

  private boolean replace(Job before, Job after) {
    Optional<JobEntity> job = jobs.lock(before.id().value());
    if (job.isEmpty() || job.get().version != before.version()) {
      return false;
    }
    Attempt next = after.attempt();
    Attempt old = before.attempt();
    if (old != null) {
      Optional<AttemptEntity> stored = jobs.lockAttempt(before.id().value(), old.id().number());
      if (stored.isEmpty() || !stored.get().holds(old.lease())) {
        return false;
      }
      if (next != null && next.id().equals(old.id())) {
        stored.get().set(next);
        next = null;
      }
    }
    job.get().setProgress(after);
    if (next != null) {
      AttemptEntity attempt = new AttemptEntity();
      attempt.set(next);
      entities.persist(attempt);
    }
    entities.flush();
    return true;
  }

  @Override
  public void explain(JobId job, String waitingBecause) {
    transactions.write(() -> jobs.explain(job.value(), waitingBecause));
  }

  @Override
  public Renewal renew(WorkerId worker, Collection<Claim> claims, Instant now, Instant expiresAt) {
    return transactions.write(() -> {
      Set<Claim> renewed = new HashSet<>();
      Set<Claim> voided = new HashSet<>();
      for (Claim claim : claims) {
        if (renewed(worker, claim, now, expiresAt)) {
          renewed.add(claim);
        } else if (!logStillWanted(worker, claim)) {
          voided.add(claim);
        }
      }
      return new Renewal(renewed, voided);
    });
  }

  private boolean renewed(WorkerId worker, Claim claim, Instant now, Instant expiresAt) {
    return jobs.renew(
            claim.attempt().job().value(),
            claim.attempt().number(),
            claim.epoch().value(),
            worker.value(),
            now,
            expiresAt)
        > 0;
  }

  private boolean logStillWanted(WorkerId worker, Claim claim) {
    return jobs.row(claim.attempt().job().value())
        .map(Row::attempt)
        .filter(attempt -> attempt.key.number() == claim.attempt().number())
        .filter(attempt -> attempt.leaseEpoch == claim.epoch().value())
        .filter(attempt -> attempt.workerId.equals(worker.value()))
        .map(AttemptEntity::toAttempt)
        .filter(attempt -> attempt.finished() && !attempt.logComplete())
        .isPresent();
  }

  @Override
  public void shorten(Claim claim, Instant expiresAt) {
    transactions.write(() ->
        jobs.shorten(
            claim.attempt().job().value(),
            claim.attempt().number(),
            claim.epoch().value(),
            expiresAt));
  }

  @Override
  public int removeFinished(Instant before, int limit) {
    return transactions.write(() ->
        sql.sql(
                """
                delete from job where id in (
                  select id from job where state = 'FINISHED' and finished_at < :before
                  order by finished_at limit :limit for update skip locked)
                """)
            .param("before", Sql.timestamp(before))
            .param("limit", limit)
            .update());
  }
}
