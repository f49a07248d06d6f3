package dev.mayfly.image.builder;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code images/work}: everything a build makes before it is published, open to its owner alone.
 * Emptied at the start and at the end, and never through a mount that a killed bootstrap may have
 * left in it: what lies behind that is the machine's own.
 */
final class WorkDirectory implements AutoCloseable {
  private static final Path MOUNTS = Path.of("/proc/self/mountinfo");

  private final Path path;

  private WorkDirectory(Path path) {
    this.path = path;
  }

  /** Empties the directory, making it where absent. */
  static WorkDirectory open(Path path) throws IOException, BuildException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      remove(path);
    }
    Files.createDirectory(
        path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    return new WorkDirectory(path);
  }

  Path path() {
    return path;
  }

  Path resolve(String name) {
    return path.resolve(name);
  }

  @Override
  public void close() throws IOException, BuildException {
    remove(path);
  }

  private static void remove(Path root) throws IOException, BuildException {
    List<Path> mounts = mountsBelow(root, Files.readAllLines(MOUNTS));
    if (!mounts.isEmpty()) {
      throw new BuildException(
          root
              + " holds mounts a killed build has left, and will not be emptied through them; as root: umount "
              + String.join(" ", mounts.reversed().stream().map(Path::toString).toList()));
    }
    Files.walkFileTree(root, new Remover());
  }

  /** Mount points at or below a directory, in the order in which they were mounted. */
  static List<Path> mountsBelow(Path root, List<String> mountInfo) throws IOException {
    Path real = Files.exists(root) ? root.toRealPath() : root;
    List<Path> mounts = new ArrayList<>();
    for (String line : mountInfo) {
      String[] fields = line.split(" ");
      if (fields.length > 4) {
        // The kernel writes space, tab, line feed and backslash as octal escapes.
        String point =
            fields[4]
                .replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
        if (Path.of(point).startsWith(real)) {
          mounts.add(Path.of(point));
        }
      }
    }
    return mounts;
  }

  private static final class Remover extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
        throws IOException {
      // A distribution may have directories their owner cannot write to.
      if (!Files.isWritable(directory) || !Files.isExecutable(directory)) {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.delete(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
        throws IOException {
      if (failure != null) {
        throw failure;
      }
      Files.delete(directory);
      return FileVisitResult.CONTINUE;
    }
  }
}
