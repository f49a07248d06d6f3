package dev.mayfly.db;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server that used the data before us, seen through {@code postmaster.pid}, which an unclean
 * end leaves behind.
 *
 * @param data the data directory
 */
record Predecessor(Path data) {
  private static final Logger log = LoggerFactory.getLogger(Predecessor.class);

  private static final Path PROCESSES = Path.of("/proc");
  private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

  /**
   * Waits for a server whose Mayfly was killed to end its shutdown, and removes a pid file that
   * names nobody.
   *
   * <p>PostgreSQL itself believes any living process of that number to be the server, and after a
   * reboot there often is one. We know better: each of its processes has the data directory as its
   * working directory.
   *
   * @throws DatabaseException naming a process that still uses the data after the timeout
   */
  void awaitEnd(Duration timeout) throws IOException {
    var file = data.resolve("postmaster.pid");
    long deadline = System.nanoTime() + timeout.toNanos();
    while (Files.exists(file)) {
      // Without /proc we cannot know; PostgreSQL's own, stricter check decides.
      if (!Files.exists(PROCESSES.resolve("self"))) {
        return;
      }
      var user = findUser();
      if (user.isEmpty()) {
        if (Files.deleteIfExists(file)) {
          log.atInfo()
              .addKeyValue("data", data)
              .log("The embedded PostgreSQL had not been stopped and recovers");
        }
        return;
      }
      if (System.nanoTime() - deadline > 0) {
        throw new DatabaseException(
            "A PostgreSQL server, process "
                + user.getAsLong()
                + ", still uses "
                + data
                + " without a Mayfly that owns it; stop it with 'kill -INT "
                + user.getAsLong()
                + "' and start again.");
      }
      pause();
    }
  }

  /** A process that works in the data directory; the lowest, which is the eldest as a rule. */
  private OptionalLong findUser() throws IOException {
    var found = OptionalLong.empty();
    try (var processes = Files.newDirectoryStream(PROCESSES, "[0-9]*")) {
      for (var process : processes) {
        long pid = Long.parseLong(process.getFileName().toString());
        if (worksIn(process.resolve("cwd")) && (found.isEmpty() || pid < found.getAsLong())) {
          found = OptionalLong.of(pid);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return found;
  }

  private boolean worksIn(Path workingDirectory) {
    try {
      return Files.isSameFile(workingDirectory, data);
    } catch (IOException e) {
      // It ended meanwhile, or belongs to another user, who cannot work in a directory of mode
      // 0700.
      return false;
    }
  }

  private static void pause() {
    try {
      Thread.sleep(LOOK_AGAIN);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DatabaseException("Interrupted while the previous PostgreSQL ended.", e);
    }
  }
}
