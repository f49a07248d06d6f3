package dev.mayfly.server.persistence;

import dev.mayfly.api.JobId;
import dev.mayfly.core.exec.Exec;
import dev.mayfly.core.exec.ExecSpec;
import dev.mayfly.core.exec.ExecStore.Opening;
import dev.mayfly.core.job.IdempotencyKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Opens an exec: numbers and limits are exact, because the job's row is locked meanwhile. */
final class ExecOpening {
  private ExecOpening() {}

  /** In the transaction of the connection. */
  static Opening open(
      Connection connection, JobId job, ExecSpec spec, @Nullable IdempotencyKey key, Instant now)
      throws SQLException {
    Target target = lock(connection, job);
    if (target == null) {
      return new Opening.NoSuchJob();
    }
    if (key != null) {
      Opening earlier = opened(connection, job, key);
      if (earlier != null) {
        return earlier;
      }
    }
    Opening refused = target.refusal();
    if (refused != null) {
      return refused;
    }
    Counts counts = counts(connection, job);
    if (counts.open() >= Exec.MAX_OPEN) {
      return new Opening.TooMany(Exec.MAX_OPEN, true);
    }
    if (counts.last() >= Exec.MAX_PER_JOB) {
      return new Opening.TooMany(Exec.MAX_PER_JOB, false);
    }
    Exec exec =
        Exec.opened(job, counts.last() + 1, target.attempt(), spec, now, target.logStored());
    try (PreparedStatement insert = connection.prepareStatement(ExecRows.INSERT)) {
      ExecRows.bindInsert(new Sql.Parameters(connection, insert), exec, key);
      insert.executeUpdate();
    }
    return new Opening.Opened(exec);
  }

  /** The job in which an exec is to be opened. */
  private record Target(
      String state,
      boolean session,
      boolean endRequested,
      int attempt,
      boolean running,
      long logStored) {

    @Nullable Opening refusal() {
      if (!session) {
        return new Opening.NotASession();
      }
      if (endRequested || state.equals("FINISHED")) {
        return new Opening.JobEnded();
      }
      return state.equals("ACTIVE") && running ? null : new Opening.NotRunning();
    }
  }

  /** The lock gives each exec of a job its own number. */
  private static @Nullable Target lock(Connection connection, JobId job) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            """
            select j.state, j.session, j.end_request is not null, a.number, a.state = 'RUNNING',
              a.log_stored
            from job j left join attempt a on a.job_id = j.id and a.number = j.attempt
            where j.id = ? for no key update of j
            """)) {
      select.setObject(1, job.value());
      try (ResultSet row = select.executeQuery()) {
        return row.next()
            ? new Target(
                row.getString(1),
                row.getBoolean(2),
                row.getBoolean(3),
                row.getInt(4),
                row.getBoolean(5),
                row.getLong(6))
            : null;
      }
    }
  }

  private static @Nullable Opening opened(Connection connection, JobId job, IdempotencyKey key)
      throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "select "
                + ExecRows.COLUMNS
                + ", e.request_fingerprint from exec e"
                + " where e.job_id = ? and e.idempotency_key = ?")) {
      new Sql.Parameters(connection, select).add(job.value()).add(key.value());
      try (ResultSet row = select.executeQuery()) {
        if (!row.next()) {
          return null;
        }
        return key.fingerprint().equals(row.getString(ExecRows.COUNT + 1))
            ? new Opening.Repeated(ExecRows.read(row))
            : new Opening.KeyTaken(row.getInt(2));
      }
    }
  }

  private record Counts(int open, int last) {}

  private static Counts counts(Connection connection, JobId job) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            """
            select (select count(*) from exec where job_id = ? and state <> 'ENDED'),
              (select coalesce(max(number), 0) from exec where job_id = ?)
            """)) {
      new Sql.Parameters(connection, select).add(job.value()).add(job.value());
      try (ResultSet row = select.executeQuery()) {
        row.next();
        return new Counts(row.getInt(1), row.getInt(2));
      }
    }
  }
}
