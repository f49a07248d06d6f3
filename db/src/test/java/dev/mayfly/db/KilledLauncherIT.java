package dev.mayfly.db;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is left of the server, and of its rows, when the JVM around it ends in a bad way. */
class KilledLauncherIT {
  private static final String COUNT = "SELECT count(*) FROM kept";

  @TempDir Path directory;
  private Path data = Path.of("");

  @BeforeEach
  void nameTheData() {
    data = directory.resolve("data");
  }

  @Test
  void aKilledJvmLeavesNoServerAndLosesNoCommittedRow() throws Exception {
    for (int round = 0; round < 3; round++) {
      try (var jvm = LauncherJvm.start(directory)) {
        assertThat(jvm.says()).startsWith("STARTED");
        assertThat(LauncherJvm.serversIn(data)).isNotEmpty();
        jvm.ask("CREATE TABLE IF NOT EXISTS kept (id int)");
        assertThat(jvm.ask(COUNT)).isEqualTo("ROW " + 100 * round);
        for (int i = 0; i < 100; i++) {
          assertThat(jvm.ask("INSERT INTO kept VALUES (" + i + ")")).isEqualTo("DONE");
        }
        jvm.kill();
      }
      assertThat(LauncherJvm.leftOvers(data)).isEmpty();
    }
  }

  @Test
  void aKillInTheMiddleOfATransactionRollsItBack() throws Exception {
    try (var jvm = LauncherJvm.start(directory)) {
      jvm.says();
      jvm.ask("CREATE TABLE kept AS SELECT 1");
      jvm.ask("BEGIN");
      jvm.ask("INSERT INTO kept SELECT generate_series(1, 1000)");
      jvm.tell("SELECT pg_sleep(60)");
      jvm.kill();
    }
    // At once: the start waits for the old server by itself.
    try (var jvm = LauncherJvm.start(directory)) {
      assertThat(jvm.says()).startsWith("STARTED");
      assertThat(jvm.ask(COUNT)).isEqualTo("ROW 1");
    }
    assertThat(LauncherJvm.leftOvers(data)).isEmpty();
  }

  @Test
  void aServerThatWasKilledTooRecovers() throws Exception {
    try (var jvm = LauncherJvm.start(directory)) {
      jvm.says();
      jvm.ask("CREATE TABLE kept AS SELECT 1");
      var servers = LauncherJvm.serversIn(data);
      jvm.kill();
      servers.stream()
          .flatMap(pid -> ProcessHandle.of(pid).stream())
          .forEach(ProcessHandle::destroyForcibly);
    }
    assertThat(LauncherJvm.leftOvers(data)).isEmpty();
    try (var jvm = LauncherJvm.start(directory)) {
      assertThat(jvm.says()).startsWith("STARTED");
      assertThat(jvm.ask(COUNT)).isEqualTo("ROW 1");
    }
  }

  @Test
  void aJvmThatExitsOrIsTerminatedWithoutClosingLeavesNoServer() throws Exception {
    try (var jvm = LauncherJvm.start(directory)) {
      jvm.says();
      jvm.tell("exit");
      jvm.awaitEnd();
    }
    assertThat(LauncherJvm.leftOvers(data)).isEmpty();
    assertThat(data.resolve("postmaster.pid")).doesNotExist();
    try (var jvm = LauncherJvm.start(directory)) {
      jvm.says();
      jvm.terminate();
    }
    assertThat(LauncherJvm.leftOvers(data)).isEmpty();
  }

  @Test
  void closingStopsTheServerBeforeItReturns() throws Exception {
    try (var jvm = LauncherJvm.start(directory)) {
      jvm.says();
      assertThat(jvm.ask("close")).isEqualTo("CLOSED");
      assertThat(LauncherJvm.serversIn(data)).isEmpty();
      jvm.awaitEnd();
    }
  }

  @Test
  void aSecondProcessIsToldWhoHasTheDirectory() throws Exception {
    try (var first = LauncherJvm.start(directory);
        var second = startAfter(first)) {
      assertThat(second.says())
          .startsWith("REFUSED")
          .contains("in use by process " + first.processId());
      assertThat(first.ask("SELECT 1")).isEqualTo("ROW 1");
    }
    assertThat(LauncherJvm.leftOvers(data)).isEmpty();
  }

  private LauncherJvm startAfter(LauncherJvm first) throws Exception {
    assertThat(first.says()).startsWith("STARTED");
    return LauncherJvm.start(directory);
  }

  @Test
  void aStrangerWithTheNumberOfTheOldServerDoesNotStopUs() throws Exception {
    try (var jvm = LauncherJvm.start(directory)) {
      jvm.says();
      jvm.ask("close");
    }
    var stranger = new ProcessBuilder("sleep", "60").start();
    try {
      Files.writeString(
          data.resolve("postmaster.pid"),
          stranger.pid() + "\n" + data + "\n1700000000\n5432\n\n127.0.0.1\n\nready   \n");
      try (var jvm = LauncherJvm.start(directory)) {
        assertThat(jvm.says()).startsWith("STARTED");
      }
    } finally {
      stranger.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
    }
    assertThat(LauncherJvm.leftOvers(data)).isEmpty();
  }
}
