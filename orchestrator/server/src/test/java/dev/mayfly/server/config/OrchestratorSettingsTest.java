package dev.mayfly.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OrchestratorSettingsTest {
  private static final Map<String, String> NONE = Map.of("user.home", "/home/a");

  private static OrchestratorSettings read(Map<String, String> environment) {
    return OrchestratorSettings.read(environment, NONE);
  }

  @Test
  void withoutSettingsTheDefaultsHold() {
    OrchestratorSettings settings = read(Map.of("PATH", "/bin", "HOME", "/home/b"));
    assertThat(settings.home()).isEqualTo(Path.of("/home/a/.local/share/mayfly"));
    assertThat(settings.httpAddress().getHostAddress()).isEqualTo("127.0.0.1");
    assertThat(settings.httpPort()).isEqualTo(8420);
    assertThat(settings.grpcPort()).isEqualTo(8421);
    assertThat(settings.databaseUrl()).isEqualTo("embedded");
    assertThat(settings.databaseUser()).isNull();
    assertThat(read(Map.of("XDG_DATA_HOME", "/data")).home()).isEqualTo(Path.of("/data/mayfly"));
  }

  @Test
  void aPropertyWinsOverTheEnvironmentAndEmptyIsNone() {
    OrchestratorSettings settings =
        OrchestratorSettings.read(
            Map.of(
                "MAYFLY_HTTP_PORT", "1",
                "MAYFLY_GRPC_PORT", "",
                "MAYFLY_DATABASE_PASSWORD_FILE", "/p",
                "MAYFLY_HOME", "/x/../y"),
            Map.of("mayfly.http.port", "2", "user.home", "/home/a"));
    assertThat(settings.httpPort()).isEqualTo(2);
    assertThat(settings.grpcPort()).isEqualTo(8421);
    assertThat(settings.databasePasswordFile()).isEqualTo(Path.of("/p"));
    assertThat(settings.home()).isEqualTo(Path.of("/y"));
  }

  @Test
  void settingsOfOtherProgramsAreKnown() {
    assertThat(read(Map.of("MAYFLY_WORKER_SCRATCH_MIB", "5", "MAYFLY_TOKEN", "t")).httpPort())
        .isEqualTo(8420);
  }

  @ParameterizedTest(name = "{0}={1} is refused: {2}")
  @CsvSource({
    "MAYFLY_HTP_PORT, 1, Did you mean MAYFLY_HTTP_PORT?",
    "MAYFLY_DATABASE, x, Did you mean MAYFLY_DATABASE_URL?",
    "MAYFLY_HTTP_PORT, 65536, mayfly.http.port is 65536",
    "MAYFLY_HTTP_PORT, x, mayfly.http.port is x",
    "MAYFLY_HTTP_ADDRESS, 0.0.0.0, TLS",
    "MAYFLY_GRPC_ADDRESS, 192.0.2.1, TLS",
  })
  void aWrongSettingIsRefusedByName(String name, String value, String message) {
    assertThatThrownBy(() -> read(Map.of(name, value)))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining(message);
  }

  @Test
  void anUnknownPropertyNamesTheNearest() {
    assertThatThrownBy(
            () -> OrchestratorSettings.read(Map.of(), Map.of("mayfly.database.uri", "x")))
        .isInstanceOf(SettingsException.class)
        .hasMessage("Unknown setting mayfly.database.uri. Did you mean mayfly.database.url?");
  }
}
