package dev.mayfly.core.log;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogCursorTest {
  @Test
  void aCursorIsReadAsItWasWritten() {
    LogCursor cursor = new LogCursor(3, 123456789012L, 65535);
    assertThat(LogCursor.parse(cursor.toString())).contains(cursor);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1",
        "1-1",
        "1-1-1-1",
        "0-1-0",
        "1-0-0",
        "1-1-65536",
        "-1-1-1",
        "1-1-x",
        " 1-1-1",
        "1-9999999999999999999-0",
        "1-1-0\n"
      })
  void whatIsNoCursorIsRefused(String text) {
    assertThat(LogCursor.parse(text)).isEmpty();
  }
}
