package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Random;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Lz4BlockTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4, 11, 12, 13, 14, 255, 300, 65_535, 65_600, 200_000})
  void whatAnotherReaderUnpacksIsWhatWasPacked(int size) throws Exception {
    for (int seed = 0; seed < 5; seed++) {
      byte[] bytes = repetitive(size, seed);

      assertThat(unpacked(Lz4Block.pack(bytes))).isEqualTo(bytes);
    }
  }

  @Test
  void repetitionsOfOneByteComeBack() throws Exception {
    byte[] bytes = "a".repeat(100_000).getBytes(UTF_8);
    byte[] packed = Lz4Block.pack(bytes);

    assertThat(packed).hasSizeLessThan(1_000);
    assertThat(unpacked(packed)).isEqualTo(bytes);
  }

  @Test
  void whatHasNoRepetitionGrowsByLittle() throws Exception {
    byte[] bytes = new byte[50_000];
    new Random(1).nextBytes(bytes);
    byte[] packed = Lz4Block.pack(bytes);

    assertThat(packed).hasSizeLessThan(50_300);
    assertThat(unpacked(packed)).isEqualTo(bytes);
  }

  @Test
  void theLastFiveBytesAreLiterals() {
    // The format asks for it; a reader that copies by words would write beyond its end.
    byte[] packed = Lz4Block.pack("abcabcabcabcabcabcabcabcabc".getBytes(UTF_8));

    assertThat(new String(packed, packed.length - 5, 5, UTF_8)).isEqualTo("bcabc");
  }

  /** Pieces of what came before, between bytes of chance: what programs look like. */
  private static byte[] repetitive(int size, int seed) {
    Random random = new Random(seed);
    byte[] bytes = new byte[size];
    int at = 0;
    while (at < size) {
      int length = Math.min(size - at, 1 + random.nextInt(random.nextInt(10) == 0 ? 5_000 : 40));
      if (at > 0 && random.nextBoolean()) {
        int from = random.nextInt(at);
        for (int i = 0; i < length; i++) {
          bytes[at + i] = bytes[from + i];
        }
      } else {
        byte[] fresh = new byte[length];
        random.nextBytes(fresh);
        System.arraycopy(fresh, 0, bytes, at, length);
      }
      at += length;
    }
    return bytes;
  }

  private static byte[] unpacked(byte[] block) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (BlockLZ4CompressorInputStream in =
        new BlockLZ4CompressorInputStream(new ByteArrayInputStream(block))) {
      in.transferTo(out);
    }
    return out.toByteArray();
  }
}
