package dev.mayfly.server.persistence;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.exec.Exec;
import dev.mayfly.core.exec.ExecEvent;
import dev.mayfly.core.exec.ExecInput;
import dev.mayfly.core.exec.ExecMachine;
import dev.mayfly.core.exec.ExecSpec;
import dev.mayfly.core.exec.ExecState;
import dev.mayfly.core.exec.ExecStep;
import dev.mayfly.core.exec.ExecStore;
import dev.mayfly.core.exec.InputPolicy;
import dev.mayfly.core.job.IdempotencyKey;
import dev.mayfly.core.job.JobStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Execs in the tables {@code exec}, {@code exec_input} and {@code exec_signal}. Rows are always
 * locked in the order job, attempt, exec, so that calls never deadlock.
 */
class JdbcExecStore implements ExecStore {

  /** As much as the worker takes in one message. */
  private static final int MAX_PIECE = 65536;

  /** Pieces may be single key strokes; so many of them are read at once, 1 MiB in all at most. */
  private static final int MAX_PIECES = 4096;

  private static final String SELECT = "select " + ExecRows.COLUMNS + " from exec e ";

  private final Database database;

  JdbcExecStore(Database database) {
    this.database = database;
  }

  @Override
  public Opening open(JobId job, ExecSpec spec, @Nullable IdempotencyKey key, Instant now) {
    return database.transaction(connection -> ExecOpening.open(connection, job, spec, key, now));
  }

  @Override
  public Optional<Exec> find(JobId job, int number) {
    return database.statement(
        connection -> Optional.ofNullable(select(connection, job, number, "")));
  }

  private static @Nullable Exec select(Connection connection, JobId job, int number, String lock)
      throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(SELECT + "where e.job_id = ? and e.number = ?" + lock)) {
      new Sql.Parameters(connection, select).add(job.value()).add(number);
      try (ResultSet row = select.executeQuery()) {
        return row.next() ? ExecRows.read(row) : null;
      }
    }
  }

  @Override
  public List<Exec> list(JobId job, int after, int limit) {
    return database.statement(connection -> {
      try (PreparedStatement select =
          connection.prepareStatement(
              SELECT + "where e.job_id = ? and e.number > ? order by e.number limit ?")) {
        new Sql.Parameters(connection, select).add(job.value()).add(after).add(limit);
        List<Exec> execs = new ArrayList<>();
        try (ResultSet row = select.executeQuery()) {
          while (row.next()) {
            execs.add(ExecRows.read(row));
          }
        }
        return execs;
      }
    });
  }

  @Override
  public Written write(JobId job, int number, long offset, byte[] data, boolean end) {
    return database.transaction(connection -> {
      Exec exec = select(connection, job, number, " for update of e");
      if (exec == null) {
        return new Written.NoSuchExec();
      }
      if (exec.ended()) {
        return new Written.ExecEnded();
      }
      return switch (InputPolicy.decide(exec.input(), offset, data.length, end)) {
        case InputPolicy.Choice.Take(int skip, int take, boolean ended) -> {
          ExecInput next = exec.input().appended(take, ended);
          store(connection, exec, data, skip, take);
          update(connection, exec, next);
          yield new Written.Stored(next.stored(), next.ended());
        }
        case InputPolicy.Choice.WrongOffset(long expected) -> new Written.WrongOffset(expected);
        case InputPolicy.Choice.WindowFull _ -> new Written.WindowFull();
        case InputPolicy.Choice.Closed _ -> new Written.Closed();
      };
    });
  }

  private static void store(Connection connection, Exec exec, byte[] data, int skip, int take)
      throws SQLException {
    if (take == 0) {
      return;
    }
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into exec_input (job_id, exec, first_offset, data) values (?, ?, ?, ?)")) {
      for (int done = 0; done < take; done += MAX_PIECE) {
        int length = Math.min(MAX_PIECE, take - done);
        insert.setObject(1, exec.job().value());
        insert.setInt(2, exec.number());
        insert.setLong(3, exec.input().stored() + done);
        insert.setBytes(4, Arrays.copyOfRange(data, skip + done, skip + done + length));
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  private static void update(Connection connection, Exec exec, ExecInput next) throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            """
            update exec set input_stored = ?, input_ended = ?, input_acknowledged = ?,
              input_limit = ?
            where job_id = ? and number = ?
            """)) {
      new Sql.Parameters(connection, update)
          .add(next.stored())
          .add(next.ended())
          .add(next.acknowledged())
          .add(next.limit())
          .add(exec.job().value())
          .add(exec.number());
      update.executeUpdate();
    }
  }

  @Override
  public Signalled signal(JobId job, int number, int signal, boolean everything) {
    return database.transaction(connection -> {
      Exec exec = select(connection, job, number, " for update of e");
      if (exec == null) {
        return Signalled.NO_SUCH_EXEC;
      }
      if (exec.ended()) {
        return Signalled.EXEC_ENDED;
      }
      if (exec.signals() >= Exec.MAX_SIGNALS) {
        return Signalled.TOO_MANY;
      }
      try (PreparedStatement both =
          connection.prepareStatement(
              """
              with counted as (
                update exec set signals = signals + 1 where job_id = ? and number = ?
                returning job_id, number, signals)
              insert into exec_signal (job_id, exec, number, signal, everything)
                select job_id, number, signals, ?, ? from counted
              """)) {
        new Sql.Parameters(connection, both)
            .add(job.value())
            .add(number)
            .addNullable((Integer) signal)
            .add(everything);
        both.executeUpdate();
      }
      return Signalled.STORED;
    });
  }

  @Override
  public List<Due> open(Collection<WorkerId> workers) {
    if (workers.isEmpty()) {
      return List.of();
    }
    return database.statement(connection -> {
      try (PreparedStatement select =
          connection.prepareStatement(
              """
              select a.worker_id, e.job_id, e.attempt, a.lease_epoch, e.number,
                e.state = 'PENDING', e.input_open, e.input_stored, e.input_ended, e.input_acknowledged,
                e.input_limit, e.signals
              from exec e join attempt a on a.job_id = e.job_id and a.number = e.attempt
              where e.state <> 'ENDED' and a.state <> 'FINISHED' and a.worker_id = any (?)
              order by e.job_id, e.number
              """)) {
        select.setArray(
            1, connection.createArrayOf("uuid", workers.stream().map(WorkerId::value).toArray()));
        List<Due> due = new ArrayList<>();
        try (ResultSet row = select.executeQuery()) {
          while (row.next()) {
            due.add(due(row));
          }
        }
        return due;
      }
    });
  }

  private static Due due(ResultSet row) throws SQLException {
    JobId job = new JobId(row.getObject(2, UUID.class));
    return new Due(
        new WorkerId(row.getObject(1, UUID.class)),
        new JobStore.Claim(new AttemptId(job, row.getInt(3)), new LeaseEpoch(row.getLong(4))),
        row.getInt(5),
        row.getBoolean(6),
        row.getBoolean(7),
        new ExecInput(row.getLong(8), row.getBoolean(9), row.getLong(10), row.getLong(11)),
        row.getInt(12));
  }

  @Override
  public List<Piece> input(JobId job, int number, long from, int maxBytes) {
    return database.statement(connection -> {
      try (PreparedStatement select =
          connection.prepareStatement(
              """
              select first_offset, data from exec_input
              where job_id = ? and exec = ? and first_offset + octet_length(data) > ?
              order by first_offset limit ?
              """)) {
        new Sql.Parameters(connection, select)
            .add(job.value())
            .add(number)
            .add(from)
            .add(MAX_PIECES);
        List<Piece> pieces = new ArrayList<>();
        int room = maxBytes;
        try (ResultSet row = select.executeQuery()) {
          while (room > 0 && row.next()) {
            long offset = row.getLong(1);
            byte[] data = Objects.requireNonNull(row.getBytes(2));
            int skip = Math.toIntExact(Math.max(0, from - offset));
            int length = Math.min(room, data.length - skip);
            pieces.add(new Piece(offset + skip, Arrays.copyOfRange(data, skip, skip + length)));
            room -= length;
          }
        }
        return pieces;
      }
    });
  }

  @Override
  public List<Signal> signals(JobId job, int number, int after) {
    return database.statement(connection -> {
      try (PreparedStatement select =
          connection.prepareStatement(
              """
              select number, signal, everything from exec_signal
              where job_id = ? and exec = ? and number > ? order by number
              """)) {
        new Sql.Parameters(connection, select).add(job.value()).add(number).add(after);
        List<Signal> signals = new ArrayList<>();
        try (ResultSet row = select.executeQuery()) {
          while (row.next()) {
            signals.add(new Signal(row.getInt(1), row.getInt(2), row.getBoolean(3)));
          }
        }
        return signals;
      }
    });
  }

  @Override
  public Applied acknowledge(
      WorkerId worker, JobStore.Claim claim, int number, long offset, long limit) {
    return database.transaction(connection -> {
      Exec exec = fenced(connection, worker, claim, number);
      if (exec == null) {
        return Applied.FENCED;
      }
      ExecInput next = exec.input().acknowledged(offset, limit);
      if (exec.ended() || next.equals(exec.input())) {
        return Applied.UNCHANGED;
      }
      update(connection, exec, next);
      removeInput(connection, exec, next.acknowledged());
      return Applied.CHANGED;
    });
  }

  private static void removeInput(Connection connection, Exec exec, long before)
      throws SQLException {
    try (PreparedStatement delete =
        connection.prepareStatement(
            "delete from exec_input where job_id = ? and exec = ?"
                + " and first_offset + octet_length(data) <= ?")) {
      new Sql.Parameters(connection, delete).add(exec.job().value()).add(exec.number()).add(before);
      delete.executeUpdate();
    }
  }

  /** The exec, locked, when the worker may speak of it; else null. */
  private static @Nullable Exec fenced(
      Connection connection, WorkerId worker, JobStore.Claim claim, int number)
      throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            SELECT
                + """
                join attempt a on a.job_id = e.job_id and a.number = e.attempt
                where e.job_id = ? and e.number = ? and e.attempt = ? and a.lease_epoch = ?
                  and a.worker_id = ? for update of e
                """)) {
      new Sql.Parameters(connection, select)
          .add(claim.attempt().job().value())
          .add(number)
          .add(claim.attempt().number())
          .add(claim.epoch().value())
          .add(worker.value());
      try (ResultSet row = select.executeQuery()) {
        return row.next() ? ExecRows.read(row) : null;
      }
    }
  }

  @Override
  public Applied apply(WorkerId worker, JobStore.Claim claim, int number, ExecEvent event) {
    return database.transaction(connection -> {
      Exec exec = fenced(connection, worker, claim, number);
      if (exec == null) {
        return Applied.FENCED;
      }
      return change(connection, exec, event) ? Applied.CHANGED : Applied.UNCHANGED;
    });
  }

  private static boolean change(Connection connection, Exec before, ExecEvent event)
      throws SQLException {
    if (!(ExecMachine.apply(before, event) instanceof ExecStep.Changed(Exec after))) {
      return false;
    }
    switch (after.state()) {
      case ExecState.Pending _ -> throw new IllegalStateException("an exec went back to pending");
      case ExecState.Started(Instant at) -> {
        try (PreparedStatement update = connection.prepareStatement(ExecRows.START)) {
          new Sql.Parameters(connection, update)
              .add(at)
              .add(after.job().value())
              .add(after.number());
          update.executeUpdate();
        }
      }
      case ExecState.Ended(var outcome, long logChunks, Instant at) -> {
        try (PreparedStatement update = connection.prepareStatement(ExecRows.END)) {
          Sql.Parameters parameters = new Sql.Parameters(connection, update).add(at).add(logChunks);
          Outcomes.write(parameters, outcome);
          parameters.add(after.job().value()).add(after.number());
          update.executeUpdate();
        }
        removeInput(connection, after, Long.MAX_VALUE);
      }
    }
    return true;
  }

  @Override
  public List<JobId> endLeftOver(int limit) {
    return database.transaction(connection -> {
      List<JobId> jobs = new ArrayList<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              "select "
                  + ExecRows.COLUMNS
                  + """
                  , a.outcome_kind, a.exit_code, a.fault_code, a.fault_detail, a.log_chunks,
                  a.finished_at
                  from exec e join attempt a on a.job_id = e.job_id and a.number = e.attempt
                  where e.state <> 'ENDED' and a.state = 'FINISHED'
                  order by e.job_id, e.number limit ? for update of e skip locked
                  """)) {
        new Sql.Parameters(connection, select).add(limit);
        try (ResultSet row = select.executeQuery()) {
          while (row.next()) {
            Exec exec = ExecRows.read(row);
            change(
                connection,
                exec,
                new ExecEvent.AttemptEnded(
                    Outcomes.read(row, ExecRows.COUNT + 1),
                    row.getLong(ExecRows.COUNT + 5),
                    Sql.instant(row, ExecRows.COUNT + 6)));
            jobs.add(exec.job());
          }
        }
      }
      return jobs;
    });
  }

  @Override
  public void discard(JobId job, int number) {
    database.statement(connection -> {
      try (PreparedStatement delete =
          connection.prepareStatement(
              """
              delete from log_chunk c using exec e
              where e.job_id = ? and e.number = ? and e.kind = 'DOWNLOAD' and c.job_id = e.job_id
                and c.attempt = e.attempt and c.exec = e.number and c.stream = ?
              """)) {
        new Sql.Parameters(connection, delete)
            .add(job.value())
            .add(number)
            .add(JdbcLogStore.FILE_CODE);
        return delete.executeUpdate();
      }
    });
  }

  @Override
  public int discardFinished(Instant before, int limit) {
    return database.transaction(connection -> {
      try (PreparedStatement delete =
          connection.prepareStatement(
              """
              with old as (
                select e.job_id, e.number, e.attempt
                from exec e join attempt a on a.job_id = e.job_id and a.number = e.attempt
                where e.kind = 'DOWNLOAD' and not e.discarded and a.finished_at < ?
                order by e.job_id, e.number limit ? for update of e skip locked),
              gone as (
                delete from log_chunk c using old
                where c.job_id = old.job_id and c.attempt = old.attempt and c.exec = old.number
                  and c.stream = ?)
              update exec e set discarded = true from old
              where e.job_id = old.job_id and e.number = old.number
              """)) {
        new Sql.Parameters(connection, delete).add(before).add(limit).add(JdbcLogStore.FILE_CODE);
        return delete.executeUpdate();
      }
    });
  }
}
