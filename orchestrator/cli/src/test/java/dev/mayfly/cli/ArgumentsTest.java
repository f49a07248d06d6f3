package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ArgumentsTest {

  @ParameterizedTest
  @CsvSource({
    "512M, 512",
    "512m, 512",
    "512MiB, 512",
    "4G, 4096",
    "4GiB, 4096",
    "1T, 1048576",
    "0M, 0"
  })
  void aSizeIsRead(String text, int mebibytes) {
    assertThat(new Sizes().convert(text)).isEqualTo(mebibytes);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "512",
        "M",
        "512MB",
        "512K",
        "-1M",
        "1.5G",
        "512 M",
        "9999999999M",
        "99999999T"
      })
  void whatIsNoSizeIsRefused(String text) {
    assertThatThrownBy(() -> new Sizes().convert(text)).isInstanceOf(TypeConversionException.class);
  }

  @ParameterizedTest
  @CsvSource({"1K, 1024", "64KiB, 65536", "100M, 104857600", "10g, 10737418240"})
  void aSizeInBytesIsRead(String text, long bytes) {
    assertThat(new ByteSizes().convert(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "K", "5KB", "1T", "-1K", "1.5G"})
  void whatIsNoSizeInBytesIsRefused(String text) {
    assertThatThrownBy(() -> new ByteSizes().convert(text))
        .isInstanceOf(TypeConversionException.class);
  }

  @ParameterizedTest
  @CsvSource({"30s, 30", "10m, 600", "1h, 3600", "1h30m, 5400", "2d, 172800", "1d1h1m1s, 90061"})
  void aDurationIsRead(String text, int seconds) {
    assertThat(new Durations().convert(text)).isEqualTo(seconds);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10", "m", "1m1h", "1.5h", "-1s", "10 m", "9999999d", "1w"})
  void whatIsNoDurationIsRefused(String text) {
    assertThatThrownBy(() -> new Durations().convert(text))
        .isInstanceOf(TypeConversionException.class);
  }

  @Test
  void theEnvironmentComesFromFilesThenOptionsThenTheCaller(@TempDir Path directory)
      throws Exception {
    Path file = directory.resolve("env");
    Files.writeString(
        file, "# comment\r\n\r\nA=1\r\n  B=two words = x \nCALLERS\n#C=3\nQ=\"quoted\"\nE=\n");
    assertThat(
            EnvironmentOptions.collect(
                List.of(file.toString()), List.of("A=9", "U=ä=🪰"), Map.of("CALLERS", "mine")))
        .isEqualTo(
            Map.of(
                "A",
                "9",
                "B",
                "two words = x ",
                "CALLERS",
                "mine",
                "Q",
                "\"quoted\"",
                "E",
                "",
                "U",
                "ä=🪰"));
  }

  @Test
  void aWrongLineIsNamedWithoutItsValue(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("env");
    Files.writeString(file, "A=1\nnot a name=secret\n");
    assertThatThrownBy(
            () -> EnvironmentOptions.collect(List.of(file.toString()), List.of(), Map.of()))
        .isInstanceOf(CommandFailed.class)
        .hasMessageContaining("line 2")
        .hasMessageNotContaining("secret");
    Files.write(file, new byte[] {'A', '=', (byte) 0xff});
    assertThatThrownBy(
            () -> EnvironmentOptions.collect(List.of(file.toString()), List.of(), Map.of()))
        .hasMessageContaining("is not UTF-8");
    Files.write(file, new byte[1024 * 1024 + 1]);
    assertThatThrownBy(
            () -> EnvironmentOptions.collect(List.of(file.toString()), List.of(), Map.of()))
        .hasMessageContaining("larger than 1 MiB");
  }

  @Test
  void argumentsThatTheLocaleDamagedAreRecovered() throws Exception {
    List<byte[]> commandLine =
        ProcessText.split("java\0-jar\0x.jar\0run\0ü\0\0".getBytes(StandardCharsets.UTF_8));
    assertThat(ProcessText.recover(new String[] {"run", "\ufffd\ufffd", ""}, commandLine))
        .containsExactly("run", "ü", "");
    assertThatThrownBy(
            () -> ProcessText.recover(new String[] {"\ufffd"}, List.of(new byte[] {(byte) 0xfc})))
        .isInstanceOf(CommandFailed.class)
        .hasMessage("argument 1 is not UTF-8");
  }
}
