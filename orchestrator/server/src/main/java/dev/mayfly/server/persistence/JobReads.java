package dev.mayfly.server.persistence;

import dev.mayfly.api.JobId;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobQuery;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.Submission;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/** What is asked of the tables {@code job} and {@code attempt}; one statement each. */
class JobReads {
  private final Database database;

  JobReads(Database database) {
    this.database = database;
  }

  /** Binds the parameters of a statement. */
  private interface Binding {
    void bind(Sql.Parameters parameters) throws SQLException;
  }

  private interface Reading<T> {
    T read(ResultSet rows) throws SQLException;
  }

  private <T> T query(String sql, Binding binding, Reading<T> reading) {
    return database.statement(connection -> query(connection, sql, binding, reading));
  }

  private static <T> T query(Connection connection, String sql, Binding binding, Reading<T> reading)
      throws SQLException {
    try (PreparedStatement select = connection.prepareStatement(sql)) {
      binding.bind(new Sql.Parameters(connection, select));
      try (ResultSet rows = select.executeQuery()) {
        return reading.read(rows);
      }
    }
  }

  private List<Job> jobs(String condition, Binding binding) {
    return query(JobRows.SELECT + condition, binding, JobRows::readAll);
  }

  Optional<Submission> submitted(IdempotencyKey key) {
    return database.statement(connection -> submitted(connection, key));
  }

  static Optional<Submission> submitted(Connection connection, IdempotencyKey key)
      throws SQLException {
    return query(
        connection,
        "select "
            + JobRows.COLUMNS
            + ", j.request_fingerprint from job j"
            + JobRows.JOIN
            + " where j.idempotency_key = ?",
        parameters -> parameters.add(key.value()),
        row -> {
          if (!row.next()) {
            return Optional.empty();
          }
          Job job = JobRows.read(row);
          return Optional.of(
              key.fingerprint().equals(row.getString("request_fingerprint"))
                  ? new Submission.Repeated(job)
                  : new Submission.KeyTaken(job.id()));
        });
  }

  /** Several jobs in one question; as many answers, in the same order. */
  List<Optional<Job>> find(List<JobId> ids) {
    Map<JobId, Job> found = new HashMap<>();
    jobs(
            "where j.id = any (?::uuid[])",
            parameters -> parameters.add(ids.stream().map(JobId::toString).toList()))
        .forEach(job -> found.put(job.id(), job));
    return ids.stream().map(id -> Optional.ofNullable(found.get(id))).toList();
  }

  List<Attempt> attempts(JobId id) {
    return query(
        "select " + AttemptRows.COLUMNS + " from attempt a where a.job_id = ? order by a.number",
        parameters -> parameters.add(id.value()),
        rows -> {
          List<Attempt> attempts = new ArrayList<>();
          while (rows.next()) {
            attempts.add(Objects.requireNonNull(AttemptRows.read(id, rows, 1)));
          }
          return attempts;
        });
  }

  List<Job> list(JobQuery query) {
    String condition =
        "where true"
            + (query.state() == null ? "" : " and j.state = ?")
            + (query.image() == null ? "" : " and j.image = ?")
            + (query.worker() == null
                ? ""
                : " and j.worker_id in (select id from worker where name = ? or id::text = ?)")
            + (query.olderThan() == null ? "" : " and j.id < ?")
            + " order by j.id desc limit ?";
    return jobs(
        condition,
        parameters -> {
          if (query.state() != null) {
            parameters.add(query.state().name());
          }
          if (query.image() != null) {
            parameters.add(query.image().value());
          }
          if (query.worker() != null) {
            parameters.add(query.worker()).add(query.worker());
          }
          if (query.olderThan() != null) {
            parameters.add(query.olderThan().value());
          }
          parameters.add(query.limit());
        });
  }

  /**
   * Walks from project to project along the index, instead of reading the queue to find them, and
   * takes the first jobs of each from the same index.
   */
  List<Job> heads(Instant now, int perProject) {
    return query(
        """
        with recursive project (name) as (
          (select project from job where state = 'QUEUED' order by project limit 1)
          union all
          select (select project from job where state = 'QUEUED' and project > project.name
                  order by project limit 1)
          from project where name is not null)
        select %s from project cross join lateral (
          select * from job where state = 'QUEUED' and job.project = project.name
            and bundle_digest is not null and not_before <= ? order by priority desc, id limit ?) j
        """
                .formatted(JobRows.COLUMNS)
            + JobRows.JOIN
            + "where project.name is not null order by j.priority desc, j.id",
        parameters -> parameters.add(now).add(perProject),
        JobRows::readAll);
  }

  /** Walks from demand to demand along the index, and takes the first jobs of each wanted one. */
  List<Job> headsBeside(Collection<Demand> demands, Instant now, int perProject) {
    return query(
        """
        with recursive demand (key) as (
          (select demand from job where state = 'QUEUED' order by demand limit 1)
          union all
          select (select next.demand from job next where next.state = 'QUEUED'
                    and next.demand > demand.key order by next.demand limit 1)
          from demand where key is not null),
        head as (
          select first.id, row_number() over (
            partition by first.project order by first.priority desc, first.id) as place
          from demand cross join lateral (
            select id, project, priority from job where state = 'QUEUED'
              and job.demand = demand.key and bundle_digest is not null and not_before <= ? order by job.demand, id limit ?) first
          where demand.key <> all (?::uuid[]))
        select %s from head join job j on j.id = head.id %s
        where head.place <= ? order by j.priority desc, j.id
        """
            .formatted(JobRows.COLUMNS, JobRows.JOIN),
        parameters ->
            parameters
                .add(now)
                .add(perProject)
                .add(demands.stream().map(demand -> JobRows.demand(demand).toString()).toList())
                .add(perProject),
        JobRows::readAll);
  }

  /** Walks from demand to demand along the index, likewise. */
  List<JobStore.Waiting> waiting(int limit) {
    return query(
        """
        with recursive demand (key, oldest) as (
          (select demand, id from job where state = 'QUEUED' order by demand, id limit 1)
          union all
          select next.demand, next.id from demand cross join lateral (
            select job.demand, job.id from job where state = 'QUEUED' and job.demand > demand.key
            order by job.demand, job.id limit 1) next),
        first as (select key, oldest from demand order by oldest limit ?)
        select %s, first.oldest,
          (select count(*) from (select from job w where w.state = 'QUEUED'
             and w.demand = first.key limit %d) counted)
        from first join job j on j.id = first.oldest order by first.oldest
        """
            .formatted(JobRows.DEMAND_COLUMNS, JobStore.Waiting.MOST_COUNTED),
        parameters -> parameters.add(limit),
        rows -> {
          List<JobStore.Waiting> waiting = new ArrayList<>();
          while (rows.next()) {
            waiting.add(
                new JobStore.Waiting(
                    JobRows.readDemand(rows, 1),
                    Math.toIntExact(rows.getLong(11)),
                    new JobId(rows.getObject(10, UUID.class))));
          }
          return waiting;
        });
  }

  Map<ProjectName, JobStore.ProjectUse> use() {
    return query(
        """
        select project, count(*), sum(cpus), sum(memory_mib), sum(scratch_mib)
        from job where state = 'ACTIVE' group by project
        """,
        _ -> {},
        rows -> {
          Map<ProjectName, JobStore.ProjectUse> use = new HashMap<>();
          while (rows.next()) {
            Capacity reserved =
                new Capacity(
                    Math.toIntExact(rows.getLong(3)),
                    Math.toIntExact(rows.getLong(4)),
                    Math.toIntExact(rows.getLong(5)));
            use.put(
                new ProjectName(rows.getString(1)),
                new JobStore.ProjectUse(Math.toIntExact(rows.getLong(2)), reserved));
          }
          return use;
        });
  }

  private static int number(ResultSet rows) throws SQLException {
    rows.next();
    return Math.toIntExact(rows.getLong(1));
  }

  int countQueued(int atMost) {
    return query(
        "select count(*) from (select from job where state = 'QUEUED' limit ?) as waiting",
        parameters -> parameters.add(atMost),
        JobReads::number);
  }

  int aheadOf(Job job, int atMost) {
    String project = job.spec().demand().project().value();
    int priority = job.spec().demand().priority().ordinal();
    return query(
        """
        select count(*) from (
          (select from job where state = 'QUEUED' and project = ? and priority > ? limit ?)
          union all
          (select from job where state = 'QUEUED' and project = ? and priority = ? and id < ?
           limit ?)
          limit ?) as ahead
        """,
        parameters ->
            parameters
                .add(project)
                .add(priority)
                .add(atMost)
                .add(project)
                .add(priority)
                .add(job.id().value())
                .add(atMost)
                .add(atMost),
        JobReads::number);
  }

  List<Job> activeOn(WorkerId worker) {
    return jobs(
        "where j.state = 'ACTIVE' and j.worker_id = ? order by j.id",
        parameters -> parameters.add(worker.value()));
  }

  List<Job> pendingOn(Collection<WorkerId> workers) {
    return jobs(
        "where j.state = 'ACTIVE' and j.worker_id = any (?::uuid[])"
            + " and (a.state = 'PLACED' or j.end_request is not null) order by j.id",
        parameters -> parameters.add(workers.stream().map(WorkerId::toString).toList()));
  }

  List<Job> expired(Instant now, int limit) {
    return jobs(
        "where j.state = 'ACTIVE' and a.finished_at is null and a.lease_expires_at <= ?"
            + " order by a.lease_expires_at limit ?",
        parameters -> parameters.add(now).add(limit));
  }

  List<Job> queueTimedOut(Instant now, int limit) {
    return jobs(
        "where j.state = 'QUEUED' and j.queue_until <= ? order by j.queue_until limit ?",
        parameters -> parameters.add(now).add(limit));
  }

  List<Job> awaitingImage(int limit) {
    return jobs(
        "where j.state = 'QUEUED' and j.bundle_digest is null order by j.id limit ?",
        parameters -> parameters.add(limit));
  }

  List<Job> sessionsExpired(Instant now, int limit) {
    return jobs(
        "where j.session_until is not null and j.state <> 'FINISHED' and j.end_request is null"
            + " and j.session_until <= ? order by j.session_until limit ?",
        parameters -> parameters.add(now).add(limit));
  }
}
