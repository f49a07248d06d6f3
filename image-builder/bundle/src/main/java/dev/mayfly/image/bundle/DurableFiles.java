package dev.mayfly.image.bundle;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;

/** What makes a change of the file system outlive a crash. */
final class DurableFiles {
  private DurableFiles() {}

  /** Works for directories too: Linux lets a directory be opened for reading and synced. */
  static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Writes a whole file of this name by way of another, so that no half of it is ever seen. */
  static void replace(Path file, byte[] bytes) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    Files.write(next, bytes);
    move(next, file);
  }

  /** Syncs a file, gives it its name in the same directory, and syncs that. */
  static void move(Path file, Path target) throws IOException {
    sync(file);
    Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    Path directory = target.getParent();
    if (directory != null) {
      sync(directory);
    }
  }

  /**
   * Lets everybody read a file, whatever the mask of its maker: a VMM runs as a user of its own,
   * and what it may not read is copied for it. Who may reach the file is for its directories to
   * say.
   */
  static void makeReadable(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
  }

  static void deleteTree(Path root) throws IOException {
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  /** Whether both names are of one file, followed through no symbolic link. */
  static boolean isSameFile(Path one, Path other) throws IOException {
    return Files.getAttribute(one, "unix:ino", LinkOption.NOFOLLOW_LINKS)
            .equals(Files.getAttribute(other, "unix:ino", LinkOption.NOFOLLOW_LINKS))
        && Files.getAttribute(one, "unix:dev", LinkOption.NOFOLLOW_LINKS)
            .equals(Files.getAttribute(other, "unix:dev", LinkOption.NOFOLLOW_LINKS));
  }

  static void writeFully(FileChannel channel, ByteBuffer data) throws IOException {
    while (data.hasRemaining()) {
      channel.write(data);
    }
  }
}
