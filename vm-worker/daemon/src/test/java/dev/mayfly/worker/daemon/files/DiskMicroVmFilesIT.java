package dev.mayfly.worker.daemon.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs mkfs.ext4. */
class DiskMicroVmFilesIT {
  private static final String SEARCH_PATH = "/usr/bin:/bin";
  @TempDir Path root;
  private DiskMicroVmFiles files;

  @BeforeEach
  void open() throws IOException {
    files = DiskMicroVmFiles.open(root.resolve("worker"), SEARCH_PATH);
  }

  @Test
  void aScratchDiskIsACleanEmptyExt4ThatTakesAlmostNoSpace() throws Exception {
    var directory = files.createDirectory("a.1");
    var scratch = files.createScratch(directory, 2048);
    assertThat(Files.size(scratch)).isEqualTo(2048L << 20);
    long blocks =
        Long.parseLong(
            HostCommand.run(
                Duration.ofSeconds(30), List.of("/usr/bin/stat", "-c", "%b", scratch.toString())));
    assertThat(blocks * 512).isLessThan(8L << 20);
    var check =
        HostCommand.run(
            Duration.ofSeconds(30),
            List.of(
                HostCommand.find("e2fsck", SEARCH_PATH).orElseThrow().toString(),
                "-f",
                "-n",
                scratch.toString()));
    assertThat(check).contains("0.0% non-contiguous");
    var features =
        HostCommand.run(
            Duration.ofSeconds(30),
            List.of(
                HostCommand.find("dumpe2fs", SEARCH_PATH).orElseThrow().toString(),
                "-h",
                scratch.toString()));
    assertThat(features).doesNotContain("has_journal").contains("Reserved block count:     0");
  }

  @Test
  void theSecondDiskOfASizeIsACopyAndTheFirstIsNotSharedWithIt() throws Exception {
    var first = files.createScratch(files.createDirectory("a.1"), 64);
    Files.writeString(first, "overwritten");
    var second = files.createScratch(files.createDirectory("b.1"), 64);
    assertThat(Files.size(second)).isEqualTo(64L << 20);
    try (Stream<Path> templates = Files.list(root.resolve("worker/templates"))) {
      assertThat(templates).hasSize(1);
    }
  }

  @Test
  void theSmallestScratchDiskWorks() throws Exception {
    assertThat(files.createScratch(files.createDirectory("a.1"), 64)).exists();
  }

  @Test
  void onlySoManyTemplatesAreKept() throws Exception {
    var directory = files.createDirectory("a.1");
    for (int i = 0; i <= DiskMicroVmFiles.MAX_TEMPLATES; i++) {
      files.removeScratch(files.createScratch(directory, 64 + i));
    }
    try (Stream<Path> templates = Files.list(root.resolve("worker/templates"))) {
      assertThat(templates).hasSize(DiskMicroVmFiles.MAX_TEMPLATES);
    }
  }

  @Test
  void aDirectoryIsPrivateAndMadeOnceAndRemovedWithAllInIt() throws Exception {
    var directory = files.createDirectory("a.1");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
        .isEqualTo("rwx------");
    assertThatThrownBy(() -> files.createDirectory("a.1"))
        .isInstanceOf(FileAlreadyExistsException.class);
    var outside = Files.createDirectory(root.resolve("outside"));
    Files.writeString(outside.resolve("kept"), "kept");
    Files.createDirectory(directory.resolve("sub"));
    Files.createSymbolicLink(directory.resolve("sub/link"), outside);
    files.removeDirectory(directory);
    files.removeDirectory(directory);
    assertThat(directory).doesNotExist();
    assertThat(outside.resolve("kept")).exists();
  }

  @Test
  void aProgramThatFailsTellsWhatItSaid() {
    assertThatThrownBy(() ->
            HostCommand.run(Duration.ofSeconds(10), List.of("/bin/sh", "-c", "echo oh; exit 3")))
        .isInstanceOf(IOException.class)
        .hasMessage("sh failed (3): oh");
  }

  @Test
  void aProgramThatHangsIsKilled() {
    assertThatThrownBy(() -> HostCommand.run(Duration.ofMillis(50), List.of("/bin/sleep", "60")))
        .hasMessageContaining("did not end within");
  }
}
