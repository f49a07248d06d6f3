package dev.mayfly.image.bundle;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A lock file held by one holder at a time, across threads and processes; the kernel releases it
 * when the holder's process dies. The file itself stays, empty.
 */
public final class ExclusiveLock implements AutoCloseable {
  /** Short beside everything that is done under such a lock. */
  private static final Duration RETRY_AFTER = Duration.ofMillis(20);

  private final FileChannel channel;

  private ExclusiveLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Waits at most this long for the lock.
   *
   * @return empty when another holder kept it all that time
   */
  public static Optional<ExclusiveLock> acquire(Path file, Duration patience)
      throws IOException, InterruptedException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean held = false;
    try {
      long deadline = System.nanoTime() + patience.toNanos();
      while (!held) {
        held = tryLock(channel) != null;
        if (!held) {
          if (System.nanoTime() - deadline >= 0) {
            return Optional.empty();
          }
          Thread.sleep(RETRY_AFTER);
        }
      }
      return Optional.of(new ExclusiveLock(channel));
    } finally {
      if (!held) {
        channel.close();
      }
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException heldInThisProcess) {
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
