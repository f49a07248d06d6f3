package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkDirectoryTest {
  @TempDir Path home;

  @Test
  void whatAKilledBuildLeftIsRemovedAndNothingElse() throws Exception {
    Path outside = Files.writeString(home.resolve("outside"), "stays");
    Path work = home.resolve("work");
    Path closed = Files.createDirectories(work.resolve("tree/closed"));
    Files.writeString(closed.resolve("file"), "goes");
    Files.createSymbolicLink(work.resolve("link"), home);
    Files.createSymbolicLink(work.resolve("tree/link"), outside);
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));

    try (WorkDirectory directory = WorkDirectory.open(work)) {
      assertThat(directory.path()).isEmptyDirectory();
      assertThat(Files.getPosixFilePermissions(work))
          .isEqualTo(PosixFilePermissions.fromString("rwx------"));
      Files.writeString(directory.resolve("more"), "goes");
    }

    assertThat(work).doesNotExist();
    assertThat(outside).hasContent("stays");
  }

  @Test
  void aMountBelowIsSeen() throws Exception {
    Path work = Files.createDirectories(home.resolve("a work"));
    String real = work.toRealPath().toString();

    assertThat(
            WorkDirectory.mountsBelow(
                work,
                List.of(
                    "22 27 0:21 / /proc rw,relatime - proc proc rw",
                    "30 27 0:6 / " + real.replace(" ", "\\040") + "/tmp/x/dev rw - devtmpfs d rw",
                    "31 27 0:6 / " + real.replace(" ", "\\040") + "2 rw - ext4 d rw",
                    "short")))
        .containsExactly(Path.of(real, "tmp/x/dev"));
  }
}
