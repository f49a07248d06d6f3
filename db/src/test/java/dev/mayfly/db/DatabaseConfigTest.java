package dev.mayfly.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseConfigTest {
  private static final Path HOME = Path.of("/home/somebody/mayfly");

  @Test
  void embeddedLivesInTheHome() {
    assertThat(DatabaseConfig.of("embedded", null, null, HOME))
        .isEqualTo(
            new DatabaseConfig.Embedded(EmbeddedPostgresConfig.in(HOME.resolve("postgres"))));
  }

  @Test
  void embeddedTakesNoUser() {
    assertThatThrownBy(() -> DatabaseConfig.of("embedded", "me", null, HOME))
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("mayfly.database.user");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Embedded", "postgresql://host/name", "jdbc:mysql://host/name"})
  void anotherKindOfUrlIsRefused(String url) {
    assertThatThrownBy(() -> DatabaseConfig.of(url, null, null, HOME))
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("mayfly.database.url");
  }

  @Test
  void anExternalDatabaseNeedsARole() {
    assertThatThrownBy(
            () -> Database.open(DatabaseConfig.of("jdbc:postgresql://host/x", null, null, HOME)))
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("mayfly.database.user is missing");
  }

  @ParameterizedTest
  @CsvSource({
    "jdbc:postgresql://h/d, jdbc:postgresql://h/d",
    "jdbc:postgresql://h/d?user=a&password=b, jdbc:postgresql://h/d",
    "jdbc:postgresql://h/d?password=b&sslmode=require, jdbc:postgresql://h/d?sslmode=require",
    "jdbc:postgresql://h/d?passwords=b, jdbc:postgresql://h/d?passwords=b",
  })
  void credentialsAreTakenOutOfTheUrl(String url, String expected) {
    assertThat(Database.withoutCredentials(url)).isEqualTo(expected);
  }

  @Test
  void postgresBelowFourteenIsRefused() {
    assertThatThrownBy(() -> Database.requireVersion(13, "jdbc:postgresql://h/d"))
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("is version 13; Mayfly needs 14 or newer");
    assertThatCode(() -> Database.requireVersion(14, "jdbc:postgresql://h/d"))
        .doesNotThrowAnyException();
  }

  @Test
  void anAccessDoesNotShowItsPassword() {
    assertThat(new DatabaseAccess("jdbc:postgresql://h/d?sslpassword=key", "me", "secret"))
        .hasToString("me at jdbc:postgresql://h/d");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "fsync=off -c x", "-D", "Work_Mem", "a.b.c"})
  void whatIsNoSettingIsRefused(String name) {
    var config = EmbeddedPostgresConfig.in(HOME);
    assertThatThrownBy(() -> config.withSettings(Map.of(name, "on")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theDatabaseOfAUrlIsReplaced() {
    var access = new DatabaseAccess("jdbc:postgresql://h:1/old?sslmode=require", "me", "secret");
    assertThat(TestServer.inDatabase(access, "fresh").url())
        .isEqualTo("jdbc:postgresql://h:1/fresh?sslmode=require");
  }
}
