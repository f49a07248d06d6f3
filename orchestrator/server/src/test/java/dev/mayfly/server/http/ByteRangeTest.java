package dev.mayfly.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ByteRangeTest {

  @ParameterizedTest
  @CsvSource({
    "bytes=0-, 0, 100",
    "bytes=40-, 40, 60",
    "bytes=40-49, 40, 10",
    "bytes=40-999, 40, 60",
    "bytes=99-, 99, 1",
    "bytes=-10, 90, 10",
    "bytes=-500, 0, 100",
    "bytes=5-2, 0, 100",
    "'bytes=0-1,5-6', 0, 100",
    "lines=1-2, 0, 100",
    "bytes=-, 0, 100",
  })
  void aRangeIsWithinTheBlobAndWhatIsNotUnderstoodIsIgnored(
      String header, long first, long length) {
    assertThat(ByteRange.of(header, 100)).contains(new ByteRange(first, length));
  }

  @ParameterizedTest
  @CsvSource({"bytes=100-", "bytes=500-600", "bytes=-0"})
  void whatLiesOutsideCannotBeHad(String header) {
    assertThat(ByteRange.of(header, 100)).isEmpty();
  }

  @Test
  void withoutAHeaderItIsEverything() {
    assertThat(ByteRange.of(null, 7)).contains(new ByteRange(0, 7));
    assertThat(new ByteRange(2, 3).header(7)).isEqualTo("bytes 2-4/7");
  }
}
