package dev.mayfly.worker.daemon;

import dev.mayfly.api.WorkerId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.UUID;

/**
 * The worker's own directory, held by this process alone: a second worker on it would remove the
 * microVMs of the first.
 */
final class WorkerHome implements AutoCloseable {
  private final Path directory;
  private final FileChannel lockFile;

  private WorkerHome(Path directory, FileChannel lockFile) {
    this.directory = directory;
    this.lockFile = lockFile;
  }

  /**
   * Makes the directory where absent and locks it. The kernel drops the lock when this process
   * ends, however it ends.
   *
   * @return empty when another worker has it
   */
  static Optional<WorkerHome> claim(Path directory) throws IOException {
    make(directory);
    var lockFile =
        FileChannel.open(
            directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean locked = false;
    try {
      locked = lockFile.tryLock() != null;
    } catch (OverlappingFileLockException sameProcess) {
      locked = false;
    } finally {
      if (!locked) {
        lockFile.close();
      }
    }
    return locked ? Optional.of(new WorkerHome(directory, lockFile)) : Optional.empty();
  }

  /** Makes the directory, for this user only, where absent. */
  static void make(Path directory) throws IOException {
    Files.createDirectories(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  Path directory() {
    return directory;
  }

  /**
   * This worker's id, made at its first start.
   *
   * @throws IOException also when the file holds something else; it is never overwritten
   */
  WorkerId id() throws IOException {
    var file = directory.resolve("id");
    try {
      return WorkerId.parse(Files.readString(file).strip());
    } catch (NoSuchFileException firstStart) {
      var made = new WorkerId(UUID.randomUUID());
      var next = directory.resolve("id.next");
      Files.writeString(next, made + "\n");
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return made;
    } catch (IllegalArgumentException damaged) {
      throw new IOException(
          file + " does not hold a worker id; remove it to join as a new worker", damaged);
    }
  }

  @Override
  public void close() throws IOException {
    lockFile.close();
  }
}
