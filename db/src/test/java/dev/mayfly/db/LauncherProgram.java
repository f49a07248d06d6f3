package dev.mayfly.db;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;

/**
 * A JVM of its own around the embedded PostgreSQL, for tests that kill it and for a person who
 * tries it elsewhere. It reads one SQL statement a line and answers each with one line; {@code
 * close} stops the server in order, {@code exit} leaves without doing so.
 */
public final class LauncherProgram {
  private LauncherProgram() {}

  /** Arguments: the directory, the folder for the binaries. */
  public static void main(String[] arguments) throws IOException, SQLException {
    var config =
        EmbeddedPostgresConfig.in(Path.of(arguments[0])).withBinaries(Path.of(arguments[1]));
    long begin = System.nanoTime();
    EmbeddedPostgres postgres;
    try {
      postgres = EmbeddedPostgres.start(config);
    } catch (DatabaseException e) {
      System.out.println("REFUSED " + e.getMessage());
      return;
    }
    long took = (System.nanoTime() - begin) / 1_000_000;
    System.out.println("STARTED " + postgres.processId() + " in " + took + " ms");
    try (postgres) {
      obey(postgres);
    }
    System.out.println("CLOSED");
  }

  private static void obey(EmbeddedPostgres postgres) throws IOException, SQLException {
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (var connection = postgres.access().connect();
        var statement = connection.createStatement()) {
      String line;
      while ((line = input.readLine()) != null && !line.equals("close")) {
        if (line.equals("exit")) {
          System.exit(0);
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
  }
}
