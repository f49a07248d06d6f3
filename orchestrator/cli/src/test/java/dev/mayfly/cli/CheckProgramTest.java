package dev.mayfly.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckProgramTest {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 511, 512, 513, 5000})
  void tarUnpacksTheProgramWhateverItsSize(int size) throws Exception {
    byte[] program = "x".repeat(size).getBytes(UTF_8);
    Path archive = Files.write(directory.resolve("a.tar"), CheckProgram.archived(program));

    Process tar =
        new ProcessBuilder("tar", "-xf", archive.toString(), "-C", directory.toString())
            .redirectErrorStream(true)
            .start();

    assertThat(new String(tar.getInputStream().readAllBytes(), UTF_8)).isEmpty();
    assertThat(tar.waitFor()).isZero();
    Path unpacked = directory.resolve(CheckProgram.NAME);
    assertThat(unpacked).hasBinaryContent(program);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(unpacked)))
        .isEqualTo("rwxr-xr-x");
  }

  @Test
  void theCarriedProgramIsAnExecutable() throws Exception {
    byte[] archive = CheckProgram.archive("x86_64").readAllBytes();

    assertThat(archive).hasSizeGreaterThan(10_000);
    assertThat(new String(archive, 512, 4, java.nio.charset.StandardCharsets.ISO_8859_1))
        .isEqualTo("\u007fELF");
  }

  @Test
  void anotherArchitectureHasNoProgram() {
    assertThatThrownBy(() -> CheckProgram.archive("riscv64"))
        .isInstanceOf(CommandFailed.class)
        .hasMessageContaining("riscv64");
  }
}
