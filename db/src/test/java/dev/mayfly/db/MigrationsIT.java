package dev.mayfly.db;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class MigrationsIT {
  private static final Path GOLDEN = Path.of("golden/schema.txt");

  @Test
  void theMigrationsMakeTheGoldenSchema() throws Exception {
    String dump;
    try (var connection = TestDatabase.freshDatabase().connect()) {
      dump = SchemaDump.of(connection);
    }
    if ("write".equals(System.getProperty("mayfly.golden"))) {
      Files.createDirectories(GOLDEN.getParent());
      Files.writeString(GOLDEN, dump);
    }
    assertThat(dump)
        .as("db/golden/schema.txt; after a look at the difference: -Dmayfly.golden=write")
        .isEqualTo(Files.readString(GOLDEN));
  }

  @Test
  void theDumpSeesAColumnAConstraintAndAnIndex() throws SQLException {
    try (var connection = TestDatabase.emptyDatabase().connect();
        var statement = connection.createStatement()) {
      assertThat(SchemaDump.of(connection)).isEmpty();
      statement.execute(
          "CREATE TABLE thing (id int PRIMARY KEY, size bigint NOT NULL DEFAULT 7,"
              + " CONSTRAINT thing_size CHECK (size > 0))");
      statement.execute("CREATE INDEX thing_by_size ON thing (size) WHERE size > 9");
      assertThat(SchemaDump.of(connection))
          .contains("size bigint NOT NULL DEFAULT 7")
          .contains("thing_size CHECK ((size > 0))")
          .contains("thing_pkey PRIMARY KEY (id)")
          .contains("thing_by_size")
          .contains("WHERE (size > 9)");
    }
  }

  @Test
  void aSecondRunAppliesNothing() {
    var source = TestDatabase.emptyDatabase().dataSource();
    var first = Migrations.apply(source);
    assertThat(first.applied()).isPositive();
    assertThat(Migrations.apply(source)).isEqualTo(new Migrations.Applied(0, first.version()));
  }

  @Test
  void severalOrchestratorsMayMigrateAtOnce() throws Exception {
    var source = TestDatabase.emptyDatabase().dataSource();
    int applied = 0;
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      var runs = new ArrayList<Future<Migrations.Applied>>();
      for (int i = 0; i < 4; i++) {
        runs.add(executor.submit(() -> Migrations.apply(source)));
      }
      for (var run : runs) {
        applied += run.get().applied();
      }
    }
    assertThat(applied)
        .isEqualTo(Migrations.apply(TestDatabase.emptyDatabase().dataSource()).applied());
  }

  @Test
  void freshDatabasesShareNothing() throws SQLException {
    try (var one = TestDatabase.freshDatabase().connect();
        var two = TestDatabase.freshDatabase().connect();
        var statement = one.createStatement();
        var other = two.createStatement()) {
      statement.execute("INSERT INTO qrtz_locks VALUES ('scheduler', 'only here')");
      try (var rows = other.executeQuery("SELECT count(*) FROM qrtz_locks")) {
        assertThat(rows.next()).isTrue();
        assertThat(rows.getInt(1)).isZero();
      }
    }
  }
}
