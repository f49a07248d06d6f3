package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.builder.Commands.Ended;
import dev.mayfly.image.disk.DiskFormat;
import dev.mayfly.image.disk.DiskRefusedException;
import dev.mayfly.image.disk.Partition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Works on disk images of unknown origin, each program within limits of time and memory. */
final class DiskImage {
  /**
   * e2fsck of a file system with millions of files takes under a gibibyte and some minutes; no file
   * is written past the largest disk.
   */
  private static final List<String> LIMITS =
      List.of(Tool.PRLIMIT.program(), "--as=4294967296", "--cpu=600", "--core=0", "--");

  /** The tools of e2fsprogs write the time of their run into the file system; this one instead. */
  private static final Map<String, String> FIXED_TIME =
      Map.of("E2FSPROGS_FAKE_TIME", "1", "E2FSCK_TIME", "1");

  /** e2fsck's exit code 1: it has found errors and corrected all of them. */
  private static final int CORRECTED = 1;

  private static final int MAX_ANSWER_BYTES = 64 << 10;
  private static final int COPY_BYTES = 1 << 20;

  private static final int SUPERBLOCK = 1_024;
  private static final int BLOCKS_LOW = 4;
  private static final int LOG_BLOCK_SIZE = 24;
  private static final int BLOCKS_HIGH = 0x150;

  private final BuildRoom room;

  DiskImage(BuildRoom room) {
    this.room = room;
  }

  /** Copies the disk as plain bytes, with holes where there is nothing. */
  Path toRaw(Path disk, Path raw) throws BuildException, InterruptedException, IOException {
    LocalFile.require(disk);
    Tool.require(room.commands().path(), List.of(Tool.QEMU_IMG, Tool.PRLIMIT));
    String format;
    try {
      format =
          switch (DiskFormat.of(disk)) {
            case RAW -> "raw";
            case QCOW2 -> "qcow2";
          };
    } catch (DiskRefusedException e) {
      throw new BuildException(Blame.USER, disk.getFileName() + ": " + e.getMessage(), e);
    }
    must(
        "reading the disk " + disk.getFileName(),
        run(
            Tool.QEMU_IMG.program(),
            "convert",
            "-f",
            format,
            "-O",
            "raw",
            // Not "json:…" nor "nbd:…", whatever the file is called.
            "file:" + disk.toAbsolutePath(),
            "file:" + raw));
    return raw;
  }

  /** Whether a Linux system lies in the file system. */
  boolean isRoot(Path fileSystem) throws BuildException, InterruptedException {
    return hasDirectory(fileSystem, "/etc")
        && (hasDirectory(fileSystem, "/usr") || hasDirectory(fileSystem, "/bin"));
  }

  private boolean hasDirectory(Path fileSystem, String name)
      throws BuildException, InterruptedException {
    StringBuilder answer = new StringBuilder();
    List<String> arguments = new ArrayList<>(LIMITS);
    arguments.addAll(List.of(Tool.DEBUGFS.program(), "-R", "stat " + name, fileSystem.toString()));
    room.commands()
        .run(
            new Command(arguments, FIXED_TIME, ""),
            in ->
                answer.append(
                    new String(in.readNBytes(MAX_ANSWER_BYTES), StandardCharsets.ISO_8859_1)),
            line -> {});
    return answer.toString().contains("Type: directory") || answer.toString().contains("Type: sym");
  }

  /** Copies a part of a raw disk, with holes where there are zeros. */
  static Path cut(Path raw, Partition partition, Path target) throws IOException {
    byte[] zeros = new byte[COPY_BYTES];
    try (FileChannel in = FileChannel.open(raw, StandardOpenOption.READ);
        FileChannel out =
            FileChannel.open(target, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.allocate(COPY_BYTES);
      for (long at = 0; at < partition.length(); ) {
        buffer.clear().limit((int) Math.min(COPY_BYTES, partition.length() - at));
        int count = in.read(buffer, partition.offset() + at);
        if (count < 0) {
          break;
        }
        if (!Arrays.equals(buffer.array(), 0, count, zeros, 0, count)) {
          buffer.flip();
          while (buffer.hasRemaining()) {
            out.write(buffer, at + buffer.position());
          }
        }
        at += count;
      }
      if (out.size() < partition.length()) {
        out.write(ByteBuffer.allocate(1), partition.length() - 1);
      }
    }
    return target;
  }

  /**
   * Repairs it, takes the journal out, for nobody will write to it, and shrinks it to what is in
   * it: always the same bytes of the same file system.
   */
  void shrink(Path fileSystem) throws BuildException, InterruptedException, IOException {
    Tool.require(
        room.commands().path(), List.of(Tool.E2FSCK, Tool.TUNE2FS, Tool.RESIZE2FS, Tool.PRLIMIT));
    String file = fileSystem.toString();
    repair(file);
    must("removing the journal", run(Tool.TUNE2FS.program(), "-O", "^has_journal", file));
    repair(file);
    must("shrinking", run(Tool.RESIZE2FS.program(), "-M", file));
    repair(file);
    try (FileChannel channel = FileChannel.open(fileSystem, StandardOpenOption.WRITE)) {
      long size = sizeOf(fileSystem);
      if (size > 0 && size < channel.size()) {
        channel.truncate(size);
      }
    }
  }

  private void repair(String file) throws BuildException, InterruptedException {
    Ended ended = run(Tool.E2FSCK.program(), "-f", "-y", file);
    if (ended.exitCode() > CORRECTED) {
      throw failed("repairing", ended);
    }
  }

  private static long sizeOf(Path fileSystem) throws IOException {
    try (FileChannel channel = FileChannel.open(fileSystem, StandardOpenOption.READ)) {
      ByteBuffer block = ByteBuffer.allocate(1_024).order(ByteOrder.LITTLE_ENDIAN);
      channel.read(block, SUPERBLOCK);
      long blocks =
          Integer.toUnsignedLong(block.getInt(BLOCKS_LOW))
              + (Integer.toUnsignedLong(block.getInt(BLOCKS_HIGH)) << 32);
      return blocks * (1_024L << block.getInt(LOG_BLOCK_SIZE));
    }
  }

  private Ended run(String... program) throws BuildException, InterruptedException {
    List<String> arguments = new ArrayList<>(LIMITS);
    arguments.addAll(List.of(program));
    return room.commands()
        .run(new Command(arguments, FIXED_TIME, ""), in -> in.skip(Long.MAX_VALUE), line -> {});
  }

  private static void must(String what, Ended ended) throws BuildException {
    if (ended.exitCode() != 0) {
      throw failed(what, ended);
    }
  }

  private static BuildException failed(String what, Ended ended) {
    if (ended.lastLines().stream().anyMatch(BuildSpace::isExhausted)) {
      return new BuildException(what + " failed: " + BuildSpace.EXHAUSTED);
    }
    return new BuildException(
        Blame.USER,
        what
            + " failed with exit code "
            + ended.exitCode()
            + ": "
            + String.join(" | ", Commands.tail(ended.lastLines(), 3))
            + "; the disk image is damaged: make it again");
  }
}
