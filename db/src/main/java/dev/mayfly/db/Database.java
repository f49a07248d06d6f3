package dev.mayfly.db;

import java.sql.SQLException;
import java.util.Properties;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The database that Mayfly works on, wherever it is. Thread-safe.
 *
 * <p>Closing it stops the embedded PostgreSQL, and does nothing to one that somebody else runs; so
 * it is closed last, after every pool of connections.
 */
public final class Database implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Database.class);

  /** The oldest that PostgreSQL's makers still mend. */
  private static final int OLDEST_MAJOR = 14;

  /** server_version_num counts minor versions below this. */
  private static final int MAJOR_UNIT = 10_000;

  private static final Pattern CREDENTIAL = Pattern.compile("(user|password)(=.*)?");

  private final DatabaseAccess access;
  private final @Nullable EmbeddedPostgres embedded;

  private Database(DatabaseAccess access, @Nullable EmbeddedPostgres embedded) {
    this.access = access;
    this.embedded = embedded;
  }

  /**
   * Starts the embedded PostgreSQL, or checks that the external one answers and is new enough.
   *
   * @throws DatabaseException when it cannot be had; nothing is left running then
   */
  public static Database open(DatabaseConfig config) {
    return switch (config) {
      case DatabaseConfig.Embedded embedded -> {
        var postgres = EmbeddedPostgres.start(embedded.config());
        yield new Database(postgres.access(), postgres);
      }
      case DatabaseConfig.External external -> {
        var access = access(external);
        check(access);
        yield new Database(access, null);
      }
    };
  }

  /** URL, role and password for the connections of the server. */
  public DatabaseAccess access() {
    return access;
  }

  /** Whether it is the PostgreSQL that Mayfly brings. */
  public boolean isEmbedded() {
    return embedded != null;
  }

  /** Idempotent; waits for an ordered stop. */
  @Override
  public void close() {
    if (embedded != null) {
      embedded.close();
    }
  }

  private static DatabaseAccess access(DatabaseConfig.External external) {
    Properties parsed = Driver.parseURL(external.url(), new Properties());
    if (parsed == null) {
      throw new DatabaseException(
          "mayfly.database.url is not one that PostgreSQL's driver understands; it looks like"
              + " jdbc:postgresql://host:5432/name.");
    }
    var user = external.user() != null ? external.user() : parsed.getProperty("user");
    if (user == null || user.isBlank()) {
      throw new DatabaseException("mayfly.database.user is missing: the role to connect as.");
    }
    var password =
        external.passwordFile() != null
            ? new PasswordFile(external.passwordFile()).read()
            : parsed.getProperty("password", "");
    return new DatabaseAccess(withoutCredentials(external.url()), user, password);
  }

  /** Libraries log the URL; nothing in it may be secret then. */
  static String withoutCredentials(String url) {
    int question = url.indexOf('?');
    if (question < 0) {
      return url;
    }
    var rest =
        Stream.of(url.substring(question + 1).split("&"))
            .filter(parameter -> !CREDENTIAL.matcher(parameter).matches())
            .collect(Collectors.joining("&"));
    return url.substring(0, question) + (rest.isEmpty() ? "" : "?" + rest);
  }

  static void check(DatabaseAccess access) {
    try (var connection = access.connect();
        var statement = connection.createStatement();
        var rows = statement.executeQuery("SELECT current_setting('server_version_num')::int")) {
      rows.next();
      int number = rows.getInt(1);
      requireVersion(number / MAJOR_UNIT, access.place());
      log.atInfo()
          .addKeyValue("database", access)
          .addKeyValue("version", number)
          .log("The external PostgreSQL answered");
    } catch (SQLException e) {
      throw new DatabaseException(
          "The PostgreSQL at " + access.place() + " cannot be used: " + firstLine(e) + ".", e);
    }
  }

  static void requireVersion(int major, String place) {
    if (major < OLDEST_MAJOR) {
      throw new DatabaseException(
          "The PostgreSQL at "
              + place
              + " is version "
              + major
              + "; Mayfly needs "
              + OLDEST_MAJOR
              + " or newer.");
    }
  }

  private static String firstLine(SQLException e) {
    var message = String.valueOf(e.getMessage());
    var line = message.lines().findFirst().orElse("").strip();
    return line.endsWith(".") ? line.substring(0, line.length() - 1) : line;
  }
}
