package dev.mayfly.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BaseUrlTest {

  @ParameterizedTest
  @CsvSource({
    "http://127.0.0.1:8420, http://127.0.0.1:8420, true",
    "http://127.8.9.1/, http://127.8.9.1, true",
    "http://localhost:1/x//, http://localhost:1/x, true",
    "HTTP://LOCALHOST, http://LOCALHOST, true",
    "http://[::1]:8420, http://[::1]:8420, true",
    "https://127.0.0.1, https://127.0.0.1, true",
    "https://mayfly.example.org/api-root/, https://mayfly.example.org/api-root, false",
  })
  void aSafeUrlIsTaken(String text, String value, boolean loopback) {
    assertThat(BaseUrl.parse(text)).isEqualTo(new BaseUrl(value, loopback));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://mayfly.example.org",
        "http://10.0.0.1:8420",
        "http://127.0.0.1.example.org",
        "http://localhost.example.org",
        "http://[::2]",
        "http://0.0.0.0:8420",
      })
  void aTokenIsNotSentInTheClear(String text) {
    assertThatThrownBy(() -> BaseUrl.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("plain http")
        .hasMessageContaining("use https");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "127.0.0.1:8420",
        "ftp://127.0.0.1",
        "http://",
        "http:///x",
        "http://a b",
        "http://user:secret@127.0.0.1",
        "http://127.0.0.1?x=1",
        "http://127.0.0.1#x",
        "file:///etc/passwd",
      })
  void whatIsNoSuchUrlIsRefused(String text) {
    assertThatThrownBy(() -> BaseUrl.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aPasswordInAUrlIsNotRepeated() {
    assertThatThrownBy(() -> BaseUrl.parse("https://user:secret@example.org"))
        .hasMessageNotContaining("secret");
  }
}
