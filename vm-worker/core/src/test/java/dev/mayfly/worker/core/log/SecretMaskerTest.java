package dev.mayfly.worker.core.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SecretMaskerTest {
  private static final int SEEDS = 400;

  static IntStream seeds() {
    return IntStream.range(0, SEEDS);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static Secrets secrets(String... values) {
    return Secrets.of(List.of(values));
  }

  @ParameterizedTest
  @CsvSource({
    "hunter22, the password is hunter22!, the password is ***!",
    "hunter22, hunter2, hunter2",
    "hunter22, hunter2hunter22, hunter2***",
    "hunter22, hunter22hunter22, ******",
    "aaaa, xaaaaaaay, x***y",
    "abab, xabababy, x***y",
    "abcd|cdef, xabcdefy, x***y",
    "abcd|xabcdx, xabcdx xabcdy, *** x***y",
    "abcd|abcdefgh, abcdefgx abcdefgh, ***efgx ***",
    "abcdefgh|cdef|efgh12, abcdefgh12, ***",
  })
  void everyOccurrenceIsMaskedAndNothingElse(String values, String raw, String expected) {
    assertThat(secrets(values.split("\\|")).masked(raw)).isEqualTo(expected);
  }

  @Test
  void eachLineOfALongSecretIsASecretButTheShortAndTheEmptyOnes() {
    var key = secrets("-----BEGIN\nline-one\r\n}\n    \nline-two\n");
    assertThat(key.masked("line-two\r\n  line-one }\n    x")).isEqualTo("***\r\n  *** }\n    x");
  }

  @Test
  void onlyWhatMayBeginASecretIsHeldBack() {
    var masker = new SecretMasker(secrets("secret-one", "other"), RawProgress.NONE);
    masker.feed(bytes("all of this: secr"));
    assertThat(masker.take(1000).progress().safe()).isEqualTo(13);
    masker.feed(bytes("ecy"));
    assertThat(masker.take(1000).data()).isEqualTo(bytes("secrecy"));
    masker.feed(bytes("other"));
    assertThat(masker.take(1000).progress().safe()).isEqualTo(25);
  }

  @Test
  void whatWasHeldBackComesAtTheEnd() {
    var masker = new SecretMasker(secrets("secret-one"), RawProgress.NONE);
    masker.feed(bytes("secret-on"));
    assertThat(masker.isReady()).isFalse();
    masker.end();
    assertThat(masker.isReady()).isTrue();
    assertThat(masker.take(1000).data()).isEqualTo(bytes("secret-on"));
  }

  @Test
  void aMaskIsNeverCutInTwo() {
    var masker = new SecretMasker(secrets("secret-one"), RawProgress.NONE);
    masker.feed(bytes("ab secret-one."));
    assertThat(masker.take(5).data()).isEqualTo(bytes("ab "));
    assertThat(masker.take(2).data()).isEmpty();
    assertThat(masker.take(3).data()).isEqualTo(bytes("***"));
    assertThat(masker.take(3).data()).isEqualTo(bytes("."));
  }

  @Test
  void aSecretWithoutEndIsNotHeldBackWithoutEnd() {
    var masker = new SecretMasker(secrets("aaaaaaaa"), RawProgress.NONE);
    long stored = 0;
    for (int i = 0; i < 10_000; i++) {
      masker.feed(bytes("aaaaa"));
      var piece = masker.take(1000);
      stored += piece.data().length;
      assertThat(masker.position() - piece.progress().safe()).isLessThan(8);
    }
    assertThat(stored).isEqualTo(3);
  }

  @Test
  void theLongestSecretIsHeldBackByLessThanItsLength() {
    var longest = "x".repeat(Secrets.MAX_BYTES);
    var masker = new SecretMasker(secrets(longest), RawProgress.NONE);
    masker.feed(bytes(longest.substring(1)));
    assertThat(masker.take(1 << 20).progress().safe()).isZero();
    masker.feed(bytes("x"));
    assertThat(masker.take(1 << 20).progress()).isEqualTo(new RawProgress(1, Secrets.MAX_BYTES));
  }

  @Test
  void secretsThatShareAllTheirBeginningsTakeLinearTime() {
    var values = new ArrayList<String>();
    for (int i = 0; i < 250; i++) {
      values.add("a".repeat(250) + (char) ('b' + i % 25) + i);
    }
    var masker = new SecretMasker(Secrets.of(values), RawProgress.NONE);
    long out = 0;
    for (int i = 0; i < 500; i++) {
      masker.feed(bytes("a".repeat(32_768)));
      out += masker.take(1 << 20).data().length;
    }
    assertThat(out).isEqualTo(500L * 32_768 - 250);
  }

  @Test
  void whatIsNoUsableSecretIsRefusedWithoutBeingNamed() {
    assertThatThrownBy(() -> secrets("abc"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 bytes, must have 4")
        .hasMessageNotContaining("abc");
    assertThatThrownBy(() -> secrets("x".repeat(Secrets.MAX_BYTES + 1)))
        .hasMessageContaining("65537 bytes");
    var many = IntStream.rangeClosed(0, Secrets.MAX_COUNT).mapToObj(i -> "secret" + i).toList();
    assertThatThrownBy(() -> Secrets.of(many)).hasMessageContaining("1025, must be 1024");
  }

  @Test
  void secretsAreNotPrinted() {
    assertThat(secrets("hunter22").toString()).doesNotContain("hunter22");
  }

  /** The plain definition: every byte of every occurrence, overlapping ones taken together. */
  private static String expected(List<String> values, String raw) {
    var covered = new boolean[raw.length()];
    var joined = new boolean[raw.length() + 1];
    for (var value : values) {
      for (int at = raw.indexOf(value); at >= 0; at = raw.indexOf(value, at + 1)) {
        Arrays.fill(covered, at, at + value.length(), true);
        Arrays.fill(joined, at + 1, at + value.length(), true);
      }
    }
    var masked = new StringBuilder();
    for (int i = 0; i < raw.length(); i++) {
      if (!covered[i]) {
        masked.append(raw.charAt(i));
      } else if (!joined[i]) {
        masked.append("***");
      }
    }
    return masked.toString();
  }

  private static List<String> randomSecrets(Random random) {
    var values = new ArrayList<String>();
    int count = 1 + random.nextInt(6);
    for (int i = 0; i < count; i++) {
      values.add(randomText(random, 4 + random.nextInt(6)));
    }
    return values;
  }

  /** Two letters, so that secrets overlap, nest and repeat all the time. */
  private static String randomText(Random random, int length) {
    var text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append(random.nextInt(8) == 0 ? 'c' : random.nextBoolean() ? 'a' : 'b');
    }
    return text.toString();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void theCutsMakeNoDifference(int seed) {
    var random = new Random(seed);
    var values = randomSecrets(random);
    var raw = randomText(random, random.nextInt(400));
    var masker = new SecretMasker(Secrets.of(values), RawProgress.NONE);
    var out = new ByteArrayOutputStream();
    int from = 0;
    while (from < raw.length()) {
      int to = Math.min(raw.length(), from + 1 + random.nextInt(20));
      masker.feed(bytes(raw.substring(from, to)));
      from = to;
      while (masker.isReady()) {
        out.writeBytes(masker.take(3 + random.nextInt(20)).data());
      }
    }
    masker.end();
    while (masker.isReady()) {
      out.writeBytes(masker.take(3 + random.nextInt(20)).data());
    }
    assertThat(out.toString(StandardCharsets.ISO_8859_1)).isEqualTo(expected(values, raw));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void aMaskerThatGoesOnFromWhatIsSafeLosesAndRepeatsNothing(int seed) {
    var random = new Random(seed);
    var values = randomSecrets(random);
    var secrets = Secrets.of(values);
    var raw = randomText(random, random.nextInt(400));
    var out = new ByteArrayOutputStream();
    var progress = RawProgress.NONE;
    var masker = new SecretMasker(secrets, progress);
    while (masker.position() < raw.length()) {
      int from = (int) masker.position();
      masker.feed(bytes(raw.substring(from, Math.min(raw.length(), from + 1 + random.nextInt(9)))));
      for (int pieces = random.nextInt(4); pieces > 0 && masker.isReady(); pieces--) {
        var piece = masker.take(3 + random.nextInt(6));
        out.writeBytes(piece.data());
        progress = piece.progress();
      }
      if (random.nextInt(5) == 0) {
        masker = new SecretMasker(secrets, progress);
      }
    }
    masker.end();
    out.writeBytes(masker.take(Integer.MAX_VALUE).data());
    assertThat(out.toString(StandardCharsets.ISO_8859_1)).isEqualTo(expected(values, raw));
  }
}
