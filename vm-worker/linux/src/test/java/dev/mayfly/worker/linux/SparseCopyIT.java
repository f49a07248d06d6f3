package dev.mayfly.worker.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparseCopyIT {
  private static final long SIZE = 64L << 20;

  @TempDir Path directory;

  /** 64 MiB with 1 MiB of data at the start, in the middle and at the very end. */
  private Path sparse() throws IOException {
    Path file = directory.resolve("source");
    byte[] data = new byte[1 << 20];
    new Random(1).nextBytes(data);
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      out.write(ByteBuffer.wrap(data), 0);
      out.write(ByteBuffer.wrap(data), 20 << 20);
      out.write(ByteBuffer.wrap(data), SIZE - data.length);
    }
    return file;
  }

  private static long allocated(Path file) throws IOException {
    // Java has no word for st_blocks.
    Process process = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
    try (var reader = process.inputReader()) {
      return Long.parseLong(reader.readLine().strip()) * 512;
    }
  }

  @Test
  void aCopyIsTheSameAndItsHolesStayHoles() throws IOException {
    Path source = sparse();
    Path target = directory.resolve("target");

    SparseCopy.Method method = SparseCopy.copy(source, target);

    assertThat(method).isNotEqualTo(SparseCopy.Method.READ_WRITE);
    assertThat(Files.mismatch(source, target)).isEqualTo(-1);
    assertThat(allocated(target)).isLessThan(SIZE / 4);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(target)))
        .isEqualTo("rw-------");
  }

  @Test
  void anEmptyFileAndOneThatIsAHoleAreCopied() throws IOException {
    Path empty = Files.createFile(directory.resolve("empty"));
    SparseCopy.copy(empty, directory.resolve("empty-copy"));
    assertThat(directory.resolve("empty-copy")).isEmptyFile();

    Path hole = directory.resolve("hole");
    try (FileChannel out =
        FileChannel.open(hole, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      out.write(ByteBuffer.wrap(new byte[1]), SIZE);
      out.truncate(SIZE);
    }
    SparseCopy.copy(hole, directory.resolve("hole-copy"));
    assertThat(directory.resolve("hole-copy")).hasSize(SIZE);
  }

  @Test
  void whatIsCopiedByHandIsTheSameToo() throws IOException {
    Path source = sparse();
    Path target = Files.write(directory.resolve("target"), new byte[0]);
    SparseCopy.readWrite(source, target, 0, SIZE);
    assertThat(Files.mismatch(source, target)).isEqualTo(-1);
  }

  @Test
  void anExistingTargetIsLeftAlone() throws IOException {
    Path target = Files.write(directory.resolve("target"), new byte[] {7});
    Path source = sparse();
    assertThatThrownBy(() -> SparseCopy.copy(source, target))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(Arrays.equals(Files.readAllBytes(target), new byte[] {7})).isTrue();
  }

  @Test
  void aMissingSourceLeavesNothing() {
    Path target = directory.resolve("target");
    assertThatThrownBy(() -> SparseCopy.copy(directory.resolve("nothing"), target))
        .isInstanceOf(SystemCallException.class)
        .hasMessageContaining("no such file");
    assertThat(target).doesNotExist();
  }
}
