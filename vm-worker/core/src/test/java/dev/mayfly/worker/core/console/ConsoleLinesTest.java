package dev.mayfly.worker.core.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ConsoleLinesTest {
  private final ConsoleLines lines = new ConsoleLines();

  private String next(String text) {
    var bytes = text.getBytes(StandardCharsets.US_ASCII);
    return new String(lines.next(bytes, bytes.length), StandardCharsets.US_ASCII);
  }

  @Test
  void lineEndsBecomeThoseOfALogAlsoAcrossPieces() {
    assertThat(next("one\r\ntwo\r")).isEqualTo("one\ntwo");
    assertThat(next("\nthree")).isEqualTo("\nthree");
    assertThat(lines.rest()).isEmpty();
  }

  @Test
  void aReturnThatEndsNoLineStays() {
    assertThat(next("50%\r100%\r\r\n")).isEqualTo("50%\r100%\r\n");
    assertThat(next("\r")).isEmpty();
    assertThat(lines.rest()).containsExactly('\r');
  }
}
