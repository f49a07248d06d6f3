package dev.mayfly.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class PostgresBinariesTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"amd64, postgres-linux-x86_64.txz", "aarch64, postgres-linux-arm_64.txz"})
  void bothArchitecturesAreOnTheClassPath(String architecture, String archive) {
    assertThat(PostgresBinaries.archiveFor("Linux", architecture)).isEqualTo(archive);
    assertThat(getClass().getClassLoader().getResource(archive)).isNotNull();
  }

  @ParameterizedTest
  @CsvSource({"Linux, riscv64", "Linux, i386", "Mac OS X, aarch64", "Windows 11, amd64"})
  void anotherMachineIsRefusedByName(String system, String architecture) {
    assertThatThrownBy(() -> PostgresBinaries.archiveFor(system, architecture))
        .isInstanceOf(DatabaseException.class)
        .hasMessageContaining("not for " + system + " on " + architecture);
  }

  @ParameterizedTest
  @CsvSource({"../outside", "bin/../../outside", "/outside"})
  void anEntryThatReachesOutsideIsRefused(String name) throws IOException {
    var entry = new TarArchiveEntry(name, true);
    assertThatThrownBy(() -> PostgresBinaries.extract(archive(entry), directory.resolve("target")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("reaches outside");
    assertThat(directory.resolve("outside")).doesNotExist();
  }

  @Test
  void aLinkThatPointsOutsideIsRefused() throws IOException {
    for (var pointed : List.of("../../outside", "/etc/passwd")) {
      var entry = new TarArchiveEntry("lib/link", TarConstants.LF_SYMLINK);
      entry.setLinkName(pointed);
      assertThatThrownBy(
              () -> PostgresBinaries.extract(archive(entry), directory.resolve("target")))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("link reaches outside");
    }
  }

  @Test
  void aDeviceIsRefused() throws IOException {
    var entry = new TarArchiveEntry("dev/null", TarConstants.LF_CHR);
    assertThatThrownBy(() -> PostgresBinaries.extract(archive(entry), directory.resolve("target")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("Neither file, folder nor link");
  }

  private static ByteArrayInputStream archive(TarArchiveEntry entry) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(new XZOutputStream(bytes, new LZMA2Options(0)))) {
      var content = entry.isFile() && !entry.isSymbolicLink() ? "x" : "";
      entry.setSize(content.length());
      tar.putArchiveEntry(entry);
      tar.write(content.getBytes(StandardCharsets.UTF_8));
      tar.closeArchiveEntry();
    }
    return new ByteArrayInputStream(bytes.toByteArray());
  }
}
