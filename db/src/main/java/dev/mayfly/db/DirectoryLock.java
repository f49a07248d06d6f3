package dev.mayfly.db;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The right of one process to use a directory. It ends with the process, however that ends: the
 * kernel holds it, the file only says who has it.
 */
final class DirectoryLock implements AutoCloseable {
  /** The longest process id of Linux has 7 digits. */
  private static final int LARGEST_PID_TEXT = 16;

  /**
   * The directories that this process holds. Static, because the locks of POSIX belong to the
   * process: opening and closing the lock file a second time would drop the lock of the first.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Undo undo;

  private DirectoryLock(Undo undo) {
    this.undo = undo;
  }

  /**
   * Takes the lock of an existing directory.
   *
   * @throws DatabaseException naming the process that holds it
   */
  static DirectoryLock acquire(Path directory) {
    try {
      var real = directory.toRealPath();
      if (!HELD.add(real)) {
        throw inUse(directory, String.valueOf(ProcessHandle.current().pid()));
      }
      try (var undo = new Undo()) {
        undo.push("lock of the directory", () -> HELD.remove(real));
        var channel =
            FileChannel.open(
                real.resolve("lock"),
                Set.of(
                    StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        undo.push("lock file", () -> closeQuietly(channel));
        if (channel.tryLock() == null) {
          throw inUse(directory, holder(channel));
        }
        channel.truncate(0);
        channel.write(
            ByteBuffer.wrap(
                (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
        return new DirectoryLock(undo.handOver());
      }
    } catch (IOException e) {
      throw FileTrouble.at(directory, e);
    }
  }

  /** Idempotent. */
  @Override
  public void close() {
    undo.close();
  }

  private static String holder(FileChannel channel) throws IOException {
    var bytes = ByteBuffer.allocate(LARGEST_PID_TEXT);
    channel.read(bytes, 0);
    return new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII).strip();
  }

  private static DatabaseException inUse(Path directory, String process) {
    return new DatabaseException(
        "The embedded PostgreSQL in "
            + directory
            + " is in use by process "
            + process
            + "; stop that one first or set MAYFLY_HOME to another directory.");
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // The kernel drops the lock whatever close() answers.
      return;
    }
  }
}
