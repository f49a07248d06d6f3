package dev.mayfly.db;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Locale;

/**
 * A JVM of its own around the embedded PostgreSQL, for tests that kill it. It obeys one line at a
 * time on standard input and answers each with one line.
 */
public final class LauncherProgram {
  private LauncherProgram() {}

  /** Arguments: the directory, the folder for the binaries. */
  public static void main(String[] arguments) throws IOException, SQLException {
    var config =
        EmbeddedPostgresConfig.in(Path.of(arguments[0])).withBinaries(Path.of(arguments[1]));
    EmbeddedPostgres postgres;
    long begin = System.nanoTime();
    try {
      postgres = EmbeddedPostgres.start(config);
    } catch (DatabaseException e) {
      System.out.println("REFUSED " + e.getMessage());
      return;
    }
    System.out.printf(
        Locale.ROOT,
        "STARTED %d %d%n",
        postgres.processId(),
        (System.nanoTime() - begin) / 1_000_000);
    var input = System.console() == null ? System.in : System.in;
    var lines = new java.util.Scanner(input, java.nio.charset.StandardCharsets.UTF_8);
    try (var connection = postgres.access().connect();
        var statement = connection.createStatement()) {
      while (lines.hasNextLine()) {
        var line = lines.nextLine();
        if (line.equals("close")) {
          break;
        }
        if (statement.execute(line)) {
          try (var rows = statement.getResultSet()) {
            System.out.println(rows.next() ? "ROW " + rows.getString(1) : "NONE");
          }
        } else {
          System.out.println("DONE");
        }
      }
    }
    postgres.close();
    System.out.println("CLOSED");
  }
}
