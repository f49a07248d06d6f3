package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.Test;

class CpioArchiveTest {
  @Test
  void anotherReaderFindsWhatWasWritten() throws Exception {
    byte[] archive = sample();

    List<String> found = new ArrayList<>();
    try (CpioArchiveInputStream in =
        new CpioArchiveInputStream(new ByteArrayInputStream(archive))) {
      for (CpioArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        found.add(
            Long.toOctalString(entry.getMode())
                + " "
                + entry.getName()
                + " "
                + new String(in.readAllBytes(), UTF_8));
        assertThat(entry.getTime()).isZero();
        assertThat(entry.getUID() + entry.getGID()).isZero();
      }
    }
    assertThat(found)
        .containsExactly(
            "40755 proc ",
            "100755 init #!",
            "40755 lib ",
            "40755 lib/modules ",
            "100644 lib/modules/a.ko a module",
            "100644 lib/modules/b.ko ");
    assertThat(archive.length % 512).isZero();
  }

  @Test
  void theSameEntriesGiveTheSameBytes() {
    assertThat(sample()).isEqualTo(sample());
  }

  @Test
  void noPathIsTakenTwiceOrOutside() {
    CpioArchive archive = new CpioArchive().file("init", 0755, new byte[0]);

    assertThatThrownBy(() -> archive.file("init", 0755, new byte[0]))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> archive.file("../init", 0755, new byte[0]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> archive.directory("/init"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void storedGzipIsReadByAnyReader() throws Exception {
    for (int size : new int[] {0, 1, 0xffff, 0x10000, 200_000}) {
      byte[] content = new byte[size];
      new Random(size).nextBytes(content);

      try (GZIPInputStream in =
          new GZIPInputStream(new ByteArrayInputStream(StoredGzip.wrap(content)))) {
        assertThat(in.readAllBytes()).isEqualTo(content);
      }
    }
  }

  private static byte[] sample() {
    return new CpioArchive()
        .directory("proc")
        .file("init", 0755, "#!".getBytes(UTF_8))
        .file("lib/modules/a.ko", 0644, "a module".getBytes(UTF_8))
        .file("lib/modules/b.ko", 0644, new byte[0])
        .finish();
  }
}
