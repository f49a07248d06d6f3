package dev.mayfly.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mayfly.db.ServerIdentity.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * As whom the server runs when we are root. An ordinary user has one way, and all other tests take
 * it.
 */
class ServerIdentityIT {
  private static final int NOBODY = 65534;

  @TempDir Path closed;
  private Path directory = Path.of("");
  private Path binaries = LauncherJvm.binaries();

  @BeforeEach
  void weAreRoot() throws Exception {
    assumeTrue(ServerIdentity.kinds().size() > 1, "needs root");
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    directory = closed.resolve("postgres");
  }

  private EmbeddedPostgres start(Kind... kinds) {
    return EmbeddedPostgres.start(
        EmbeddedPostgresConfig.in(directory).withBinaries(binaries), List.of(kinds));
  }

  private void assumeThatTheMachineAllows(Kind kind) throws Exception {
    Files.createDirectories(directory);
    try {
      ServerIdentity.choose(directory, PostgresBinaries.unpack(binaries), List.of(kind));
    } catch (DatabaseException e) {
      assumeTrue(false, kind + ": " + e.getMessage());
    }
  }

  private static String status(EmbeddedPostgres postgres, String field) throws Exception {
    try (var lines =
        Files.lines(Path.of("/proc", String.valueOf(postgres.processId()), "status"))) {
      return lines
          .filter(line -> line.startsWith(field + ":"))
          .findFirst()
          .orElseThrow()
          .substring(field.length() + 1)
          .strip();
    }
  }

  private static void add(EmbeddedPostgres postgres, int id) throws SQLException {
    try (var connection = postgres.access().connect();
        var statement = connection.createStatement()) {
      statement.execute("CREATE TABLE IF NOT EXISTS kept (id int)");
      statement.execute("INSERT INTO kept VALUES (" + id + ")");
      try (var rows = statement.executeQuery("SELECT count(*) FROM kept")) {
        assertThat(rows.next()).isTrue();
        assertThat(rows.getInt(1)).isEqualTo(id);
      }
    }
  }

  @Test
  void inAUserNamespaceItHasNoCapability() throws Exception {
    assumeThatTheMachineAllows(Kind.UNMAPPED);
    try (var postgres = start(Kind.UNMAPPED)) {
      add(postgres, 1);
      assertThat(status(postgres, "CapEff")).matches("0+");
      assertThat(status(postgres, "NoNewPrivs")).isEqualTo("1");
    }
  }

  @Test
  void asNobodyItMayReadInClosedDirectoriesAndNothingElse() throws Exception {
    assumeThatTheMachineAllows(Kind.NOBODY_READER);
    try (var postgres = start(Kind.NOBODY_READER)) {
      add(postgres, 1);
      assertThat(status(postgres, "Uid")).isEqualTo("65534\t65534\t65534\t65534");
      // capability.h: CAP_DAC_READ_SEARCH is number 2.
      assertThat(status(postgres, "CapEff")).matches("0+4");
      assertThat(status(postgres, "CapBnd")).matches("0+4");
    }
    assertThat(LauncherJvm.leftOvers(directory.resolve("data"))).isEmpty();
  }

  @Test
  void whereEveryoneMayWalkNobodyNeedsNoCapability() throws Exception {
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx--x--x"));
    binaries = directory;
    assumeThatTheMachineAllows(Kind.NOBODY_PLAIN);
    try (var postgres = start(Kind.NOBODY_PLAIN)) {
      add(postgres, 1);
      assertThat(status(postgres, "CapEff")).matches("0+");
      assertThat(status(postgres, "Groups")).isEmpty();
    }
  }

  @Test
  void theDataFollowsWhenTheWayChanges() throws Exception {
    assumeThatTheMachineAllows(Kind.UNMAPPED);
    assumeThatTheMachineAllows(Kind.NOBODY_READER);
    int count = 0;
    for (var kind : List.of(Kind.UNMAPPED, Kind.NOBODY_READER, Kind.UNMAPPED)) {
      try (var postgres = start(kind)) {
        add(postgres, ++count);
      }
      int owner = kind == Kind.UNMAPPED ? 0 : NOBODY;
      try (var files = Files.walk(directory.resolve("data"))) {
        for (var file : files.toList()) {
          assertThat(Trees.owner(file)).as(file.toString()).isEqualTo(owner);
        }
      }
    }
  }

  @Test
  void rootWithoutTheRightToSignalOthersLeavesNoServerEither() throws Exception {
    assumeThatTheMachineAllows(Kind.UNMAPPED);
    var prefix = List.of("setpriv", "--bounding-set=-kill", "--inh-caps=-all");
    try (var jvm = LauncherJvm.start(prefix, directory, binaries)) {
      assertThat(jvm.says()).startsWith("STARTED");
      jvm.kill();
    }
    assertThat(LauncherJvm.leftOvers(directory.resolve("data"))).isEmpty();
  }

  @Test
  void whereNoWayIsOpenTheErrorSaysWhyAndWhatToDo() throws Exception {
    Files.createDirectories(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    assertThatThrownBy(() -> start(Kind.NOBODY_PLAIN))
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("can't cd to " + directory)
        .hasMessageContaining("Start Mayfly as an ordinary user");
    assertThat(directory.resolve("data")).doesNotExist();
  }

  @Test
  void theLadderFindsAWay() throws Exception {
    try (var postgres = start(ServerIdentity.kinds().toArray(new Kind[0]))) {
      add(postgres, 1);
    }
  }
}
