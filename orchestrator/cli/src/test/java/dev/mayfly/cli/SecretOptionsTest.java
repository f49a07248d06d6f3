package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretOptionsTest {
  @TempDir Path directory;

  @Test
  void aSecretComesFromTheEnvironmentAFileOrStandardInput() throws Exception {
    Path file = Files.writeString(directory.resolve("token"), "from a file\n");
    assertThat(collect(Map.of("MINE", "from me"), "piped\n", "MINE", "FILED=@" + file, "PIPED=@-"))
        .isEqualTo(Map.of("MINE", "from me", "FILED", "from a file", "PIPED", "piped"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {"a\\n|a", "a\\r\\n|a", "a\\n\\n|a\\n", "a|a", " a |  a "})
  void onlyTheLastLineEndOfAFileIsDropped(String content, String value) throws Exception {
    String written = content.replace("\\r", "\r").replace("\\n", "\n");
    String expected = value.equals("  a ") ? " a " : value.replace("\\n", "\n");
    assertThat(collect(Map.of(), written, "A=@-")).isEqualTo(Map.of("A", expected));
  }

  @Test
  void aValueAmongTheArgumentsIsRefusedAndNotRepeated() {
    assertThatThrownBy(() -> collect(Map.of("TOKEN", "x"), "", "TOKEN=hush"))
        .isInstanceOf(CommandFailed.class)
        .hasMessageContaining("everybody on this machine can read")
        .hasMessageContaining("--secret TOKEN=@FILE")
        .hasMessageNotContaining("hush");
  }

  @Test
  void whatCannotBeReadIsNamedWithoutItsContent() throws Exception {
    Path binary = Files.write(directory.resolve("binary"), new byte[] {'h', (byte) 0xff});
    Path large = Files.write(directory.resolve("large"), new byte[256 * 1024 + 1]);
    assertThatThrownBy(() -> collect(Map.of(), "", "A=@" + binary))
        .hasMessage("--secret A: what was read is not UTF-8");
    assertThatThrownBy(() -> collect(Map.of(), "", "A=@" + large))
        .hasMessage("--secret A: what was read is larger than 262144 bytes");
    assertThatThrownBy(() -> collect(Map.of(), "", "A=@" + directory))
        .hasMessage("--secret A: cannot read " + directory);
  }

  private static Map<String, String> collect(
      Map<String, String> callers, String input, String... entries) throws CommandFailed {
    InputStream in = new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8));
    return new SecretOptions(callers, in).collect(List.of(entries));
  }
}
