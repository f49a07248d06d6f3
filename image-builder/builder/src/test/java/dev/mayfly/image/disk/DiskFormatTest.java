package dev.mayfly.image.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskFormatTest {
  @TempDir Path directory;

  private static ByteBuffer qcow2(int version) {
    ByteBuffer header = ByteBuffer.allocate(1 << 16);
    return header.putInt(0, 0x514649fb).putInt(4, version).putLong(24, 1 << 20);
  }

  private DiskFormat of(ByteBuffer bytes) throws Exception {
    return DiskFormat.of(Files.write(directory.resolve("disk"), bytes.array()));
  }

  private void assertRefused(ByteBuffer bytes, String part) {
    assertThatThrownBy(() -> of(bytes))
        .isInstanceOf(DiskRefusedException.class)
        .hasMessageContaining(part)
        .hasMessageContaining("; ");
  }

  @Test
  void theFirstBytesTellTheFormat() throws Exception {
    assertThat(of(ByteBuffer.allocate(100))).isEqualTo(DiskFormat.RAW);
    assertThat(of(ByteBuffer.allocate(0))).isEqualTo(DiskFormat.RAW);
    assertThat(of(qcow2(2))).isEqualTo(DiskFormat.QCOW2);
    // Dirty, and compressed by zstd.
    assertThat(of(qcow2(3).putLong(72, 1 | 8))).isEqualTo(DiskFormat.QCOW2);
  }

  @Test
  void imagesThatReachForOtherFilesAreRefusedBeforeAnyProgramOpensThem() {
    assertRefused(qcow2(3).putLong(8, 4_096), "backing file");
    assertRefused(qcow2(2).putLong(8, -1), "backing file");
    assertRefused(qcow2(3).putLong(72, 4), "data in another file");
    assertRefused(qcow2(3).putInt(32, 2), "encrypted");
    assertRefused(qcow2(3).putLong(72, 2), "corrupt");
    assertRefused(qcow2(3).putLong(72, 1L << 40), "not known here");
    assertRefused(qcow2(1), "version 1");
    assertRefused(qcow2(3).putLong(24, 1L << 60), "1152921504606846976 bytes");
    assertRefused(qcow2(3).putLong(24, -1), "18446744073709551615 bytes");
  }

  @Test
  void otherFormatsAreNamed() {
    for (String magic : new String[] {"KDMV", "vhdxfile", "conectix", "# Disk DescriptorFile"}) {
      byte[] bytes = new byte[1_000];
      byte[] text = magic.getBytes(StandardCharsets.ISO_8859_1);
      System.arraycopy(text, 0, bytes, 0, text.length);
      assertRefused(ByteBuffer.wrap(bytes), "neither qcow2 nor raw");
    }
  }
}
