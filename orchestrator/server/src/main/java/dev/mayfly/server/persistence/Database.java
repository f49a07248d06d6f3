package dev.mayfly.server.persistence;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.dao.CannotAcquireLockException;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.DataIntegrityViolationException;

/**
 * Runs a store's call as one transaction. Every statement has a limit of time, set on the
 * connection: one that hangs must not hold its locks for ever. Thread-safe.
 *
 * <p>A breakage is a {@link DataAccessException}.
 */
class Database {

  /** SQLSTATE class 23: a constraint refused what was written. */
  private static final String INTEGRITY = "23";

  /** SQLSTATE class 40: a deadlock, above all. */
  private static final String ROLLED_BACK = "40";

  /** What is done on a connection. */
  interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  private final DataSource connections;

  Database(DataSource connections) {
    this.connections = connections;
  }

  /** One statement that is its own transaction. */
  <T> T statement(Work<T> work) {
    try (Connection connection = connections.getConnection()) {
      return work.on(connection);
    } catch (SQLException failed) {
      throw translated(failed);
    }
  }

  /** Several statements. */
  <T> T transaction(Work<T> work) {
    try (Connection connection = connections.getConnection()) {
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
      throw translated(failed);
    }
  }

  private static DataAccessException translated(SQLException failed) {
    String state = failed.getSQLState() == null ? "" : failed.getSQLState();
    if (state.startsWith(INTEGRITY)) {
      return new DataIntegrityViolationException("A constraint of the database refused it", failed);
    }
    if (state.startsWith(ROLLED_BACK)) {
      return new CannotAcquireLockException("The database gave another transaction way", failed);
    }
    return new DataAccessResourceFailureException("The database could not do it", failed);
  }
}
