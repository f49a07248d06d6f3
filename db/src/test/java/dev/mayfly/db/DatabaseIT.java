package dev.mayfly.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatabaseIT {
  @TempDir Path directory;

  private Database open(String url, String user, String password) throws Exception {
    var file = Files.writeString(directory.resolve("secret"), password + "\n");
    return Database.open(DatabaseConfig.of(url, user, file, directory));
  }

  @Test
  void anExternalPostgresIsUsedAsItIs() throws Exception {
    var external = TestDatabase.emptyDatabase();
    try (var database = open(external.url(), external.user(), external.password())) {
      assertThat(database.isEmbedded()).isFalse();
      assertThat(database.access()).isEqualTo(external);
      assertThat(Migrations.apply(database.access()).applied()).isPositive();
    }
    // Closed, and still there.
    external.connect().close();
  }

  @Test
  void whatTheUrlKnowsOfUserAndPasswordIsUsedAndNotRepeated() {
    var external = TestDatabase.emptyDatabase();
    var url =
        "%s?user=%s&ApplicationName=test&password=%s"
            .formatted(external.place(), external.user(), external.password());
    try (var database = Database.open(DatabaseConfig.of(url, null, null, directory))) {
      assertThat(database.access())
          .isEqualTo(
              new DatabaseAccess(
                  external.place() + "?ApplicationName=test",
                  external.user(),
                  external.password()));
    }
  }

  @Test
  void aWrongPasswordIsSaidAndNotRepeated() {
    var external = TestDatabase.emptyDatabase();
    assertThatThrownBy(() -> open(external.url(), external.user(), "not-the-password"))
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("The PostgreSQL at " + external.place() + " cannot be used")
        .hasMessageContaining("password authentication failed")
        .hasMessageNotContaining("not-the-password");
  }

  @Test
  void aServerThatIsNotThereIsSaid() throws Exception {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    assertThatThrownBy(() -> open("jdbc:postgresql://127.0.0.1:" + port + "/x", "me", "secret"))
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("127.0.0.1:" + port)
        .hasMessageContaining("refused");
  }

  @Test
  void embeddedLivesInTheHomeAndEndsWithIt() throws Exception {
    var config =
        new DatabaseConfig.Embedded(
            EmbeddedPostgresConfig.in(directory.resolve("postgres"))
                .withBinaries(LauncherJvm.binaries()));
    try (var database = Database.open(config)) {
      assertThat(database.isEmbedded()).isTrue();
      database.access().connect().close();
    }
    assertThat(LauncherJvm.serversIn(directory.resolve("postgres/data"))).isEmpty();
  }
}
