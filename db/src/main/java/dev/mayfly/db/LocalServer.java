package dev.mayfly.db;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import org.postgresql.PGConnection;

/**
 * How to reach the embedded server, and what Mayfly needs in there.
 *
 * @param files hold the passwords
 * @param port on 127.0.0.1
 */
record LocalServer(DataDirectory files, int port) {
  static final String SUPERUSER = "postgres";

  /** Role and database of Mayfly. The role is no superuser: one of those could read our files. */
  private static final String OWNER = "mayfly";

  /** invalid_authorization_specification, invalid_password, invalid_catalog_name. */
  private static final Set<String> NOT_SET_UP = Set.of("28000", "28P01", "3D000");

  DatabaseAccess owner() {
    return new DatabaseAccess(url(OWNER), OWNER, files.password().readOrCreate());
  }

  DatabaseAccess superuser(String database) {
    return new DatabaseAccess(url(database), SUPERUSER, files.superuserPassword().read());
  }

  private String url(String database) {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
  }

  /** Creates what is missing: after the first start, nothing. */
  void setUp() {
    if (!isSetUp()) {
      try (var connection = superuser("postgres").connect()) {
        createOwner(connection);
      } catch (SQLException e) {
        throw new DatabaseException("The database of Mayfly could not be set up.", e);
      }
    }
  }

  private boolean isSetUp() {
    if (!files.password().exists()) {
      return false;
    }
    try {
      owner().connect().close();
      return true;
    } catch (SQLException e) {
      // A set-up that was cut off, or a password file from elsewhere.
      if (NOT_SET_UP.contains(String.valueOf(e.getSQLState()))) {
        return false;
      }
      throw new DatabaseException("The embedded PostgreSQL refused the role " + OWNER + ".", e);
    }
  }

  private void createOwner(Connection connection) throws SQLException {
    try (var statement = connection.createStatement()) {
      if (!exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = ?")) {
        statement.execute("CREATE ROLE " + OWNER + " LOGIN");
      }
      // The driver sends the verifier, not the password.
      connection
          .unwrap(PGConnection.class)
          .alterUserPassword(OWNER, files.password().readOrCreate().toCharArray(), "scram-sha-256");
      if (!exists(connection, "SELECT 1 FROM pg_database WHERE datname = ?")) {
        statement.execute("CREATE DATABASE " + OWNER + " OWNER " + OWNER);
      }
    }
  }

  private static boolean exists(Connection connection, String query) throws SQLException {
    try (var statement = connection.prepareStatement(query)) {
      statement.setString(1, OWNER);
      try (var rows = statement.executeQuery()) {
        return rows.next();
      }
    }
  }
}
