package dev.mayfly.server.persistence;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.log.LogChunk;
import dev.mayfly.core.log.LogCursor;
import dev.mayfly.core.log.LogStore;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessResourceFailureException;

/**
 * Logs in the table {@code log_chunk}. Plain SQL: a log is bytes in bulk, and what JPA would keep
 * track of is never changed again.
 */
class JdbcLogStore implements LogStore {

  /** Rows fetched at once: at 64 KiB each, 1 MiB of memory. */
  private static final int FETCH_ROWS = 16;

  /** How {@link LogStream#FILE} is stored. */
  static final short FILE_CODE = 4;

  private final DataSource database;

  JdbcLogStore(DataSource database) {
    this.database = database;
  }

  /** How a stream is stored; fixed for ever. */
  private static short code(LogStream stream) {
    return switch (stream) {
      case STDOUT -> 0;
      case STDERR -> 1;
      case SYSTEM -> 2;
      case CONSOLE -> 3;
      case FILE -> FILE_CODE;
    };
  }

  private static LogStream stream(short code) {
    for (LogStream stream : LogStream.values()) {
      if (code(stream) == code) {
        return stream;
      }
    }
    throw new IllegalStateException("unknown stream in log_chunk: " + code);
  }

  private interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  private <T> T transaction(Work<T> work) {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try {
        T result = work.on(connection);
        connection.commit();
        return result;
      } catch (SQLException | RuntimeException failed) {
        connection.rollback();
        throw failed;
      }
    } catch (SQLException failed) {
      throw new DataAccessResourceFailureException("The log store could not be reached", failed);
    }
  }

  /** What an attempt's row says of its log. */
  private record Progress(long epoch, long stored, @Nullable Long wanted) {}

  @Override
  public Append append(JobStore.Claim claim, List<LogChunk> chunks) {
    return transaction(connection -> {
      Progress progress = lock(connection, claim);
      if (progress == null || progress.epoch() != claim.epoch().value()) {
        return new Append.Unwanted();
      }
      long stored = progress.stored();
      Long wanted = progress.wanted();
      if (wanted != null && stored >= wanted) {
        return new Append.Unwanted();
      }
      if (chunks.getFirst().sequence() > stored + 1) {
        return new Append.Gap(stored + 1);
      }
      long last = insert(connection, claim, chunks, stored, wanted);
      return new Append.Stored(last);
    });
  }

  private static @Nullable Progress lock(Connection connection, JobStore.Claim claim)
      throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "select lease_epoch, log_stored, log_chunks from attempt"
                + " where job_id = ? and number = ? for no key update")) {
      select.setObject(1, claim.attempt().job().value());
      select.setInt(2, claim.attempt().number());
      try (ResultSet row = select.executeQuery()) {
        return row.next()
            ? new Progress(row.getLong(1), row.getLong(2), row.getObject(3, Long.class))
            : null;
      }
    }
  }

  private static long insert(
      Connection connection,
      JobStore.Claim claim,
      List<LogChunk> chunks,
      long stored,
      @Nullable Long wanted)
      throws SQLException {
    UUID job = claim.attempt().job().value();
    long last = stored;
    long bytes = 0;
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into log_chunk (job_id, attempt, sequence, stream, at, data, exec)"
                + " values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing")) {
      for (LogChunk chunk : chunks) {
        if (chunk.sequence() != last + 1 || (wanted != null && chunk.sequence() > wanted)) {
          continue;
        }
        insert.setObject(1, job);
        insert.setInt(2, claim.attempt().number());
        insert.setLong(3, chunk.sequence());
        insert.setShort(4, code(chunk.stream()));
        insert.setObject(5, Sql.timestamp(chunk.at()));
        insert.setBytes(6, chunk.bytes());
        insert.setInt(7, chunk.exec());
        insert.addBatch();
        last = chunk.sequence();
        bytes += chunk.size();
      }
      if (last == stored) {
        return stored;
      }
      insert.executeBatch();
    }
    try (PreparedStatement update =
        connection.prepareStatement(
            "update attempt set log_stored = ?, log_bytes = log_bytes + ?"
                + " where job_id = ? and number = ?")) {
      update.setLong(1, last);
      update.setLong(2, bytes);
      update.setObject(3, job);
      update.setInt(4, claim.attempt().number());
      update.executeUpdate();
    }
    return last;
  }

  @Override
  public Slice read(JobId job, LogCursor from, Selection selection, int maxBytes, int maxChunks) {
    return transaction(connection -> {
      long stored = stored(connection, job, from.attempt());
      if (stored < from.sequence()) {
        return new Slice(List.of(), from);
      }
      List<Piece> pieces = new ArrayList<>();
      boolean cut = select(connection, job, from, selection, stored, maxBytes, maxChunks, pieces);
      LogCursor next = cut ? pieces.getLast().next() : new LogCursor(from.attempt(), stored + 1, 0);
      return new Slice(pieces, next);
    });
  }

  private static long stored(Connection connection, JobId job, int attempt) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "select log_stored from attempt where job_id = ? and number = ?")) {
      select.setObject(1, job.value());
      select.setInt(2, attempt);
      try (ResultSet row = select.executeQuery()) {
        return row.next() ? row.getLong(1) : 0;
      }
    }
  }

  /** Adds the pieces; true when it stopped before the end. */
  private static boolean select(
      Connection connection,
      JobId job,
      LogCursor from,
      Selection selection,
      long upTo,
      int maxBytes,
      int maxChunks,
      List<Piece> pieces)
      throws SQLException {
    Integer exec = selection.exec();
    try (PreparedStatement select =
        connection.prepareStatement(
            "select sequence, stream, at, data, exec from log_chunk where job_id = ?"
                + " and attempt = ? and sequence between ? and ? and stream = any (?)"
                + (exec == null ? "" : " and exec = ?")
                + " order by sequence")) {
      select.setFetchSize(FETCH_ROWS);
      select.setObject(1, job.value());
      select.setInt(2, from.attempt());
      select.setLong(3, from.sequence());
      select.setLong(4, upTo);
      select.setArray(
          5,
          connection.createArrayOf(
              "smallint", selection.streams().stream().map(JdbcLogStore::code).toArray()));
      if (exec != null) {
        select.setInt(6, exec);
      }
      int bytes = 0;
      try (ResultSet row = select.executeQuery()) {
        while (row.next()) {
          if (bytes >= maxBytes || pieces.size() >= maxChunks) {
            return true;
          }
          Piece piece = piece(row, from, maxBytes - bytes);
          if (piece != null) {
            pieces.add(piece);
            bytes += piece.chunk().size();
          }
        }
      }
      return !pieces.isEmpty() && pieces.getLast().next().offset() > 0;
    }
  }

  private static @Nullable Piece piece(ResultSet row, LogCursor from, int room)
      throws SQLException {
    long sequence = row.getLong(1);
    byte[] data = row.getBytes(4);
    int skip = sequence == from.sequence() ? Math.min(from.offset(), data.length) : 0;
    int length = Math.min(data.length - skip, room);
    if (length <= 0) {
      return null;
    }
    Instant at = Sql.instant(row, 3);
    LogChunk chunk =
        new LogChunk(
            sequence,
            stream(row.getShort(2)),
            at,
            ByteBuffer.wrap(data, skip, length),
            row.getInt(5));
    boolean whole = skip + length == data.length;
    return new Piece(
        chunk,
        whole
            ? LogCursor.after(from.attempt(), chunk)
            : new LogCursor(from.attempt(), sequence, skip + length));
  }

  @Override
  public int removeFinished(Instant before, Instant now, int limit) {
    return transaction(connection -> {
      try (PreparedStatement delete =
          connection.prepareStatement(
              """
              with old as (
                select job_id, number from attempt
                where state = 'FINISHED' and log_removed_at is null and finished_at < ?
                order by finished_at limit ? for update skip locked),
              gone as (
                delete from log_chunk using old
                where log_chunk.job_id = old.job_id and log_chunk.attempt = old.number)
              update attempt set log_removed_at = ? from old
              where attempt.job_id = old.job_id and attempt.number = old.number
              """)) {
        delete.setObject(1, Sql.timestamp(before));
        delete.setInt(2, limit);
        delete.setObject(3, Sql.timestamp(now));
        return delete.executeUpdate();
      }
    });
  }
}
