package dev.mayfly.server.persistence;

import dev.mayfly.api.JobId;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.Submission;
import dev.mayfly.core.lease.Lease;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * New jobs, and new versions of jobs. Rows are always locked in the order of the job's id, the job
 * before its attempt, so that transactions never deadlock.
 */
class JobWrites {

  /**
   * A job that is to be stored.
   *
   * @param build of the image it waits for, unless one is open; null: it does not wait
   */
  record Entry(Job job, @Nullable IdempotencyKey key, @Nullable ImageBuild build) {}

  /** A job as it was read, and as it is to be. */
  record Change(Job before, Job after) {}

  /** What of a stored job is compared. */
  private record Stored(long version, @Nullable Long epoch, @Nullable Instant expiresAt) {}

  private final Database database;

  JobWrites(Database database) {
    this.database = database;
  }

  /** Stores jobs, all in one transaction. */
  List<Submission> submit(List<Entry> entries) {
    return database.transaction(connection -> {
      insertJobs(connection, entries);
      Map<String, UUID> holders = holders(connection, entries);
      List<Submission> results = new ArrayList<>();
      for (Entry entry : entries) {
        IdempotencyKey key = entry.key();
        results.add(
            key == null || entry.job().id().value().equals(holders.get(key.value()))
                ? new Submission.Accepted(entry.job())
                : JobReads.submitted(connection, key).orElseThrow());
      }
      insertBuilds(connection, entries, results);
      return results;
    });
  }

  private static void insertJobs(Connection connection, List<Entry> entries) throws SQLException {
    // One who comes with the same key in the same batch finds the first one's, as if it came later.
    List<Entry> inOrder = new ArrayList<>(entries);
    inOrder.sort((left, right) -> keyOf(left).compareTo(keyOf(right)));
    try (PreparedStatement insert = connection.prepareStatement(JobRows.INSERT)) {
      Sql.Parameters parameters = new Sql.Parameters(connection, insert);
      for (Entry entry : inOrder) {
        JobRows.bindInsert(parameters.restart(), entry.job(), entry.key());
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  /** In the order of the images, so that two transactions never wait for each other. */
  private static void insertBuilds(
      Connection connection, List<Entry> entries, List<Submission> results) throws SQLException {
    SortedMap<String, ImageBuild> builds = new TreeMap<>();
    for (int i = 0; i < entries.size(); i++) {
      ImageBuild build = entries.get(i).build();
      if (build != null && results.get(i) instanceof Submission.Accepted) {
        builds.putIfAbsent(build.image().value(), build);
      }
    }
    for (ImageBuild build : builds.values()) {
      ImageBuildRows.insert(connection, build);
    }
  }

  /** Two transactions that wait for each other's keys would deadlock, were they not in order. */
  private static String keyOf(Entry entry) {
    IdempotencyKey key = entry.key();
    return key == null ? "" : key.value();
  }

  private static Map<String, UUID> holders(Connection connection, List<Entry> entries)
      throws SQLException {
    List<String> keys = entries.stream().map(JobWrites::keyOf).filter(k -> !k.isEmpty()).toList();
    Map<String, UUID> holders = new HashMap<>();
    if (keys.isEmpty()) {
      return holders;
    }
    try (PreparedStatement select =
        connection.prepareStatement(
            "select idempotency_key, id from job where idempotency_key = any (?)")) {
      select.setArray(1, Sql.texts(connection, keys));
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          holders.put(rows.getString(1), rows.getObject(2, UUID.class));
        }
      }
    }
    return holders;
  }

  /** Replaces jobs by their next versions, all in one transaction; whether each was unchanged. */
  List<Boolean> commit(List<Change> changes) {
    return database.transaction(connection -> {
      Set<Change> good = Collections.newSetFromMap(new IdentityHashMap<>());
      good.addAll(unchanged(connection, changes));
      write(connection, good);
      return changes.stream().map(good::contains).toList();
    });
  }

  /** Those of the changes whose job is as it was read; their rows are locked. */
  static List<Change> unchanged(Connection connection, List<Change> changes) throws SQLException {
    Map<JobId, Stored> stored = lock(connection, changes);
    List<Change> good = new ArrayList<>();
    Set<JobId> taken = new HashSet<>();
    for (Change change : changes) {
      if (matches(change.before(), stored.get(change.before().id()))
          && taken.add(change.before().id())) {
        good.add(change);
      }
    }
    return good;
  }

  private static boolean matches(Job before, @Nullable Stored stored) {
    if (stored == null || stored.version() != before.version()) {
      return false;
    }
    Attempt attempt = before.attempt();
    if (attempt == null) {
      return true;
    }
    Lease lease = attempt.lease();
    return stored.epoch() != null
        && stored.epoch() == lease.epoch().value()
        && lease.expiresAt().equals(stored.expiresAt());
  }

  private static Map<JobId, Stored> lock(Connection connection, List<Change> changes)
      throws SQLException {
    lockJobs(connection, changes);
    Map<JobId, Stored> stored = new HashMap<>();
    try (PreparedStatement select =
        connection.prepareStatement(
            """
            select j.id, j.version, a.lease_epoch, a.lease_expires_at
            from unnest(?::uuid[], ?::int[]) as asked (id, number) join job j on j.id = asked.id
            left join attempt a on a.job_id = asked.id and a.number = asked.number
            """)) {
      select.setArray(1, Sql.array(connection, "uuid", changes, c -> c.before().id().value()));
      select.setArray(2, Sql.array(connection, "int4", changes, c -> c.before().attempts()));
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          Long epoch = rows.getObject(3, Long.class);
          stored.put(
              new JobId(rows.getObject(1, UUID.class)),
              new Stored(rows.getLong(2), epoch, Sql.instantOrNull(rows, 4)));
        }
      }
    }
    return stored;
  }

  /** Also the attempts: a lease must not be renewed between the comparison and the commit. */
  private static void lockJobs(Connection connection, List<Change> changes) throws SQLException {
    try (PreparedStatement lock =
        connection.prepareStatement(
            "select from job where id = any (?) order by id for no key update")) {
      lock.setArray(1, Sql.array(connection, "uuid", changes, c -> c.before().id().value()));
      lock.execute();
    }
    try (PreparedStatement lock =
        connection.prepareStatement(
            "select from attempt where job_id = any (?) and finished_at is null order by job_id"
                + " for no key update")) {
      lock.setArray(1, Sql.array(connection, "uuid", changes, c -> c.before().id().value()));
      lock.execute();
    }
  }

  /** Writes what {@link #unchanged} has found good. */
  static void write(Connection connection, Collection<Change> changes) throws SQLException {
    updateJobs(connection, changes, false);
    updateJobs(connection, changes, true);
    updateBundles(connection, changes);
    writeAttempts(connection, changes, AttemptRows.UPDATE, false);
    writeAttempts(connection, changes, AttemptRows.INSERT, true);
  }

  private static boolean erases(Job after) {
    return after.spec().environment().isEmpty() && after.spec().secrets().isEmpty();
  }

  private static void updateJobs(Connection connection, Collection<Change> changes, boolean erase)
      throws SQLException {
    List<Job> jobs =
        changes.stream().map(Change::after).filter(job -> erases(job) == erase).toList();
    if (jobs.isEmpty()) {
      return;
    }
    try (PreparedStatement update =
        connection.prepareStatement(erase ? JobRows.UPDATE_AND_ERASE : JobRows.UPDATE)) {
      Sql.Parameters parameters = new Sql.Parameters(connection, update);
      for (Job job : jobs) {
        JobRows.bindUpdate(parameters.restart(), job);
        update.addBatch();
      }
      update.executeBatch();
    }
  }

  private static void updateBundles(Connection connection, Collection<Change> changes)
      throws SQLException {
    List<Job> built =
        changes.stream()
            .filter(
                change -> !change.before().spec().bundle().equals(change.after().spec().bundle()))
            .map(Change::after)
            .toList();
    if (built.isEmpty()) {
      return;
    }
    try (PreparedStatement update = connection.prepareStatement(JobRows.UPDATE_BUNDLE)) {
      Sql.Parameters parameters = new Sql.Parameters(connection, update);
      for (Job job : built) {
        JobRows.bindBundle(parameters.restart(), job);
        update.addBatch();
      }
      update.executeBatch();
    }
  }

  private static boolean isNew(Change change, Attempt attempt) {
    Attempt old = change.before().attempt();
    return old == null || !old.id().equals(attempt.id());
  }

  private static void writeAttempts(
      Connection connection, Collection<Change> changes, String sql, boolean insert)
      throws SQLException {
    List<Attempt> attempts = new ArrayList<>();
    for (Change change : changes) {
      Attempt attempt = change.after().attempt();
      if (attempt != null && isNew(change, attempt) == insert) {
        attempts.add(attempt);
      }
    }
    if (attempts.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      Sql.Parameters parameters = new Sql.Parameters(connection, statement);
      for (Attempt attempt : attempts) {
        if (insert) {
          AttemptRows.bindInsert(parameters.restart(), attempt);
        } else {
          AttemptRows.bindUpdate(parameters.restart(), attempt);
        }
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  /** Removes jobs that finished before the instant, with all that hangs on them. */
  int removeFinished(Instant before, int limit) {
    return database.statement(connection -> {
      try (PreparedStatement delete =
          connection.prepareStatement(
              """
              delete from job where id in (
                select id from job where state = 'FINISHED' and finished_at < ?
                order by finished_at limit ? for update skip locked)
              """)) {
        new Sql.Parameters(connection, delete).add(before).add(limit);
        return delete.executeUpdate();
      }
    });
  }
}
