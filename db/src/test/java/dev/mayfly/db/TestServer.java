package dev.mayfly.db;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A PostgreSQL server that tests may create databases on. Thread-safe. */
final class TestServer implements AutoCloseable {
  /** The template that holds nothing, on every server. */
  static final String NOTHING = "template0";

  private static final Pattern URL =
      Pattern.compile("(jdbc:postgresql:(?://[^/?]+/)?)[^/?]*(\\?.*)?");

  /** Nothing here must survive a power cut. */
  private static final Map<String, String> FAST =
      Map.of("fsync", "off", "synchronous_commit", "off", "full_page_writes", "off");

  private final String description;
  private final DatabaseAccess administrator;
  private final DatabaseAccess role;
  private final Runnable end;
  private final List<String> created = new ArrayList<>();

  /**
   * @param administrator may create databases
   * @param role owns them and is who the tests are
   * @param end stops the server, or nothing
   */
  TestServer(String description, DatabaseAccess administrator, DatabaseAccess role, Runnable end) {
    this.description = description;
    this.administrator = administrator;
    this.role = role;
    this.end = end;
  }

  static TestServer choose(String wanted) {
    return switch (wanted) {
      case "auto" -> {
        var trouble = DockerProbe.trouble();
        yield trouble.isEmpty() ? DockerPostgres.start() : embedded(trouble);
      }
      case "docker" -> {
        var trouble = DockerProbe.trouble();
        if (!trouble.isEmpty()) {
          throw new IllegalStateException("-D" + TestDatabase.PROPERTY + "=docker, but " + trouble);
        }
        yield DockerPostgres.start();
      }
      case "embedded" -> embedded("asked for");
      default -> external(wanted);
    };
  }

  private static TestServer embedded(String reason) {
    Path directory;
    try {
      directory = Files.createTempDirectory("mayfly-test-postgres-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    // Unpacked once per module, not once per JVM; 'mvn clean' removes them.
    var target = Path.of("target");
    var binaries = Files.isDirectory(target) ? target.resolve("postgres") : directory;
    try {
      var config = EmbeddedPostgresConfig.in(directory).withBinaries(binaries).withSettings(FAST);
      var postgres = EmbeddedPostgres.start(config);
      return new TestServer(
          "embedded PostgreSQL " + PostgresBinaries.pinnedVersion() + " (" + reason + ")",
          postgres.superuser("postgres"),
          postgres.access(),
          () -> {
            postgres.close();
            delete(directory);
          });
    } catch (RuntimeException e) {
      delete(directory);
      throw e;
    }
  }

  private static TestServer external(String url) {
    if (!url.startsWith("jdbc:postgresql:")) {
      throw new IllegalStateException(
          "-D" + TestDatabase.PROPERTY + " is auto, docker, embedded or a jdbc:postgresql: URL");
    }
    var database = Database.open(new DatabaseConfig.External(url, null, null));
    var access = database.access();
    return new TestServer("PostgreSQL at " + access.place(), access, access, () -> {});
  }

  String description() {
    return description;
  }

  /** Creates a database as a copy of another, to which nobody may be connected. */
  DatabaseAccess create(String name, String template) {
    synchronized (created) {
      execute(
          "CREATE DATABASE %s TEMPLATE %s OWNER %s".formatted(name, template, quoted(role.user())));
      created.add(name);
    }
    return inDatabase(role, name);
  }

  /** Drops what was created, for a server that lives on; then stops the one that does not. */
  @Override
  public void close() {
    synchronized (created) {
      for (var name : created) {
        execute("DROP DATABASE IF EXISTS %s WITH (FORCE)".formatted(name));
      }
      created.clear();
    }
    end.run();
  }

  static DatabaseAccess inDatabase(DatabaseAccess access, String name) {
    var matcher = URL.matcher(access.url());
    if (!matcher.matches()) {
      throw new IllegalStateException("Where is the database's name in " + access.place() + "?");
    }
    var parameters = matcher.group(2) == null ? "" : matcher.group(2);
    return new DatabaseAccess(
        matcher.group(1) + name + parameters, access.user(), access.password());
  }

  private void execute(String sql) {
    try (Connection connection = administrator.connect();
        var statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException("On " + description + ": " + sql, e);
    }
  }

  private static String quoted(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  private static void delete(Path directory) {
    try {
      Trees.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
