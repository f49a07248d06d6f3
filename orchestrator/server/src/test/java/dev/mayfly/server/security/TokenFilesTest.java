package dev.mayfly.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.server.config.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenFilesTest {
  @TempDir Path home;

  @Test
  void aTokenIsMadeOnceForTheOwnerAlone() throws IOException {
    TokenFiles files = new TokenFiles(home);
    String token = files.readOrCreate(AccessTokens.Purpose.API);
    assertThat(token).matches("mfa_[A-Za-z0-9_-]{43}");
    assertThat(files.readOrCreate(AccessTokens.Purpose.API)).isEqualTo(token);
    assertThat(files.readOrCreate(AccessTokens.Purpose.WORKER)).startsWith("mfw_");
    Path file = home.resolve("secrets/api-token");
    assertThat(Files.readString(file)).isEqualTo(token + "\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("secrets"))))
        .isEqualTo("rwx------");
    try (var all = Files.list(home.resolve("secrets"))) {
      assertThat(all).hasSize(2);
    }
  }

  @Test
  void whatACrashLeftHalfWrittenIsNoToken() throws IOException {
    Files.createDirectories(home.resolve("secrets"));
    Files.writeString(home.resolve("secrets/.api-token.partial"), "mfa_half");
    assertThat(new TokenFiles(home).readOrCreate(AccessTokens.Purpose.API)).hasSize(47);
  }

  @Test
  void aFileThatHoldsNoTokenIsAnError() throws IOException {
    Files.createDirectories(home.resolve("secrets"));
    Files.writeString(home.resolve("secrets/api-token"), "");
    assertThatThrownBy(() -> new TokenFiles(home).readOrCreate(AccessTokens.Purpose.API))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("api-token holds no token");
  }
}
