package dev.mayfly.db;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Where a database is and who we are there. {@link #toString} leaves the password out, and what a
 * URL may carry after its question mark too.
 *
 * @param url a {@code jdbc:postgresql:} URL
 * @param user the role
 * @param password its password, empty where the server asks for none
 */
public record DatabaseAccess(String url, String user, String password) {
  /** Long enough for a name server that is slow, short enough for a person who waits. */
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  public DatabaseAccess {
    Objects.requireNonNull(url, "url");
    Objects.requireNonNull(user, "user");
    Objects.requireNonNull(password, "password");
  }

  /** A data source without a pool: every connection is a new one. Thread-safe. */
  public DataSource dataSource() {
    var source = new PGSimpleDataSource();
    source.setUrl(url);
    source.setUser(user);
    source.setPassword(password);
    source.setConnectTimeout((int) CONNECT_TIMEOUT.toSeconds());
    source.setLoginTimeout((int) CONNECT_TIMEOUT.toSeconds());
    return source;
  }

  /** A new connection, which the caller closes. */
  public Connection connect() throws SQLException {
    return dataSource().getConnection();
  }

  /** The URL without its parameters, fit for a log or a message. */
  public String place() {
    int parameters = url.indexOf('?');
    return parameters < 0 ? url : url.substring(0, parameters);
  }

  @Override
  public String toString() {
    return user + " at " + place();
  }
}
