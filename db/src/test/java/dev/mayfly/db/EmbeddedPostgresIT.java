package dev.mayfly.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedPostgresIT {
  /** Initialized once; each test works on a copy, because initdb waits for the disk. */
  @TempDir static Path initialized;

  @TempDir Path directory;

  @BeforeAll
  static void initialize() {
    EmbeddedPostgres.start(
            EmbeddedPostgresConfig.in(initialized).withBinaries(LauncherJvm.binaries()))
        .close();
  }

  @BeforeEach
  void copy() {
    Command.run(
        List.of("cp", "-a", initialized + "/.", directory.toString()), Duration.ofMinutes(1));
  }

  private EmbeddedPostgresConfig config() {
    return EmbeddedPostgresConfig.in(directory).withBinaries(LauncherJvm.binaries());
  }

  private static String value(DatabaseAccess access, String query) throws SQLException {
    try (var connection = access.connect();
        var statement = connection.createStatement();
        var rows = statement.executeQuery(query)) {
      assertThat(rows.next()).isTrue();
      return rows.getString(1);
    }
  }

  @Test
  void aRestartKeepsTheRowsAndTakesLessThanASecond() throws Exception {
    try (var postgres = EmbeddedPostgres.start(config());
        var connection = postgres.access().connect();
        var statement = connection.createStatement()) {
      statement.execute("CREATE TABLE kept AS SELECT 42 AS answer");
    }
    long best = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      long begin = System.nanoTime();
      try (var postgres = EmbeddedPostgres.start(config())) {
        best = Math.min(best, System.nanoTime() - begin);
        assertThat(value(postgres.access(), "SELECT answer FROM kept")).isEqualTo("42");
      }
    }
    System.out.println("[embedded PostgreSQL] restart " + best / 1_000_000 + " ms");
    assertThat(Duration.ofNanos(best)).isLessThan(Duration.ofSeconds(1));
  }

  @Test
  void itIsDurableAndChecksItsPages() throws Exception {
    try (var postgres = EmbeddedPostgres.start(config())) {
      var access = postgres.access();
      for (var setting :
          List.of("fsync", "full_page_writes", "data_checksums", "synchronous_commit")) {
        assertThat(value(access, "SHOW " + setting)).as(setting).isEqualTo("on");
      }
      assertThat(value(access, "SHOW server_version"))
          .isEqualTo(PostgresBinaries.pinnedVersion().replaceFirst("\\.\\d+$", ""));
    }
  }

  @Test
  void onlyWhoKnowsThePasswordGetsInAndOnlyFromThisMachine() throws Exception {
    try (var postgres = EmbeddedPostgres.start(config())) {
      var access = postgres.access();
      for (var wrong : List.of("", "postgres", "mayfly")) {
        assertThatThrownBy(() -> new DatabaseAccess(access.url(), "mayfly", wrong).connect())
            .isInstanceOf(SQLException.class);
        assertThatThrownBy(() -> new DatabaseAccess(access.url(), "postgres", wrong).connect())
            .isInstanceOf(SQLException.class);
      }
      assertThat(value(access, "SHOW listen_addresses")).isEqualTo("127.0.0.1");
      assertThat(value(postgres.superuser("postgres"), "SHOW unix_socket_directories")).isEmpty();
      assertThat(value(access, "SHOW password_encryption")).isEqualTo("scram-sha-256");
    }
  }

  @Test
  void theRoleOfMayflyMayNotReadFilesNorRunPrograms() throws Exception {
    try (var postgres = EmbeddedPostgres.start(config())) {
      var access = postgres.access();
      assertThat(value(access, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
          .isEqualTo("f");
      assertThatThrownBy(() -> value(access, "SELECT pg_read_file('/etc/passwd')"))
          .hasMessageContaining("permission denied");
      assertThat(Migrations.apply(access).applied()).isPositive();
    }
  }

  @Test
  void noSecretIsInAFileThatOthersReadNorInArgumentsNorInTheEnvironment() throws Exception {
    try (var postgres = EmbeddedPostgres.start(config())) {
      for (var name : List.of("password", "superuser-password", "lock", "postgres.log")) {
        assertThat(
                PosixFilePermissions.toString(
                    Files.getPosixFilePermissions(directory.resolve(name))))
            .as(name)
            .isEqualTo("rw-------");
      }
      assertThat(directory.resolve("initdb-password")).doesNotExist();
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(directory.resolve("data"))))
          .isEqualTo("rwx------");
      var secret = postgres.access().password();
      var superuserSecret = postgres.superuser("postgres").password();
      assertThat(secret).hasSize(32).isNotEqualTo(superuserSecret);
      var process = Path.of("/proc", String.valueOf(postgres.processId()));
      for (var file : List.of("cmdline", "environ")) {
        assertThat(Files.readString(process.resolve(file))).doesNotContain(secret, superuserSecret);
      }
      assertThat(Files.readString(process.resolve("environ")).split("\0"))
          .allMatch(variable -> variable.matches("(PATH|LC_ALL|PWD|PG[A-Z_]+)=.*"));
      assertThat(Files.readString(directory.resolve("postgres.log")))
          .doesNotContain(secret, superuserSecret);
      assertThat(postgres.access().toString()).doesNotContain(secret);
    }
  }

  @Test
  void theTerminalsInterruptDoesNotReachTheServer() throws Exception {
    try (var postgres = EmbeddedPostgres.start(config())) {
      var stat = Files.readString(Path.of("/proc", String.valueOf(postgres.processId()), "stat"));
      // After the name in parentheses: state, parent, group, session (proc(5)).
      var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      assertThat(fields[2]).isEqualTo(String.valueOf(postgres.processId()));
      assertThat(fields[3]).isEqualTo(String.valueOf(postgres.processId()));
    }
  }

  @Test
  void aSecondStartInTheSameProcessIsRefusedAndDoesNotOpenTheLock() throws Exception {
    try (var postgres = EmbeddedPostgres.start(config())) {
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> EmbeddedPostgres.start(config()))
            .isInstanceOf(DatabaseException.class)
            .hasMessageContaining("in use by process " + ProcessHandle.current().pid());
      }
      try (var other = LauncherJvm.start(directory)) {
        assertThat(other.says()).contains("in use by process " + ProcessHandle.current().pid());
      }
      assertThat(value(postgres.access(), "SELECT 1")).isEqualTo("1");
    }
    EmbeddedPostgres.start(config()).close();
  }

  @Test
  void dataOfAnotherMajorVersionIsRefused() throws Exception {
    EmbeddedPostgres.start(config()).close();
    Files.writeString(directory.resolve("data/PG_VERSION"), "17\n");
    assertThatThrownBy(() -> EmbeddedPostgres.start(config()))
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("belongs to PostgreSQL 17, but this Mayfly brings PostgreSQL 18");
  }

  @Test
  void aFixedPortIsTakenOrRefused() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> EmbeddedPostgres.start(config().withPort(taken.getLocalPort())))
          .isInstanceOf(DatabaseException.class)
          .hasMessageContaining("Port " + taken.getLocalPort() + " on 127.0.0.1");
      int port = taken.getLocalPort();
      taken.close();
      try (var postgres = EmbeddedPostgres.start(config().withPort(port))) {
        assertThat(postgres.port()).isEqualTo(port);
      }
    }
    assertThat(LauncherJvm.leftOvers(directory.resolve("data"))).isEmpty();
  }

  @Test
  void anInitializationThatWasCutOffIsRepeated() throws Exception {
    Trees.delete(directory.resolve("data"));
    Files.createDirectories(directory.resolve("data-unfinished/base"));
    Files.writeString(directory.resolve("data-unfinished/PG_VERSION"), "18\n");
    Files.writeString(directory.resolve("initdb-password"), "old\n");
    try (var postgres = EmbeddedPostgres.start(config())) {
      assertThat(value(postgres.access(), "SELECT 1")).isEqualTo("1");
    }
    assertThat(directory.resolve("data-unfinished")).doesNotExist();
  }

  @Test
  void aRoleWhoseSetUpWasCutOffIsSetUpAgain() throws Exception {
    EmbeddedPostgres.start(config()).close();
    Files.delete(directory.resolve("password"));
    try (var postgres = EmbeddedPostgres.start(config())) {
      assertThat(value(postgres.access(), "SELECT current_user")).isEqualTo("mayfly");
    }
  }

  @Test
  void aPasswordThatWasLostIsSaid() throws Exception {
    EmbeddedPostgres.start(config()).close();
    Files.delete(directory.resolve("superuser-password"));
    assertThatThrownBy(() -> EmbeddedPostgres.start(config()))
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("superuser-password, is gone");
  }

  @Test
  void closingDoesNotWaitForSomebodysQuery() throws Exception {
    var postgres = EmbeddedPostgres.start(config());
    try (var connection = postgres.access().connect();
        var statement = connection.createStatement()) {
      var query =
          Thread.ofVirtual()
              .start(() ->
                  assertThatThrownBy(() -> statement.execute("SELECT pg_sleep(120)"))
                      .isInstanceOf(SQLException.class));
      long begin = System.nanoTime();
      postgres.close();
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(20));
      assertThat(query.join(Duration.ofSeconds(20))).isTrue();
    }
    assertThat(postgres.isRunning()).isFalse();
    postgres.close();
  }

  @Test
  void aServerThatSomebodyKilledIsNoticedAndStartsAgain() throws Exception {
    try (var postgres = EmbeddedPostgres.start(config())) {
      var handle = ProcessHandle.of(postgres.processId()).orElseThrow();
      handle.destroyForcibly();
      handle.onExit().join();
      assertThat(postgres.isRunning()).isFalse();
    }
    try (var postgres = EmbeddedPostgres.start(config())) {
      assertThat(value(postgres.access(), "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void aPathWithSpacesAndMoreThanASocketMayHaveWorks() throws Exception {
    var deep = directory.resolve("with a space; and 'quotes'").resolve("x".repeat(120));
    try (var postgres =
        EmbeddedPostgres.start(
            EmbeddedPostgresConfig.in(deep).withBinaries(LauncherJvm.binaries()))) {
      assertThat(value(postgres.access(), "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void aDirectoryBelowAFileIsRefused() throws Exception {
    var file = Files.writeString(directory.resolve("file"), "");
    assertThatThrownBy(
            () -> EmbeddedPostgres.start(EmbeddedPostgresConfig.in(file.resolve("home"))))
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("Not a directory");
  }
}
