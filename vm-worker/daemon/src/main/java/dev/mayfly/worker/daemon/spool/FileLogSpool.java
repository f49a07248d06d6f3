package dev.mayfly.worker.daemon.spool;

import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.LogSpool;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Log spools as directories, one per attempt, named by its lease. What is written reaches the
 * kernel before a call returns, and so survives the end of this process; it is not synced, because
 * the attempt does not survive the end of the host either.
 */
public final class FileLogSpool implements LogSpool {
  /** An orchestrator that comes back later than this has long given its attempts up. */
  static final Duration LEFTOVER_LIMIT = Duration.ofDays(7);

  private static final Logger log = LoggerFactory.getLogger(FileLogSpool.class);

  private final Path root;
  private final InstantSource clock;
  private final Journalled journalled;

  /** Which attempts have a journal: they live, or their end is still to be told. */
  @FunctionalInterface
  public interface Journalled {
    List<AttemptLease> leases() throws IOException;
  }

  private FileLogSpool(Path root, InstantSource clock, Journalled journalled) {
    this.root = root;
    this.clock = clock;
    this.journalled = journalled;
  }

  /** Opens the spool, making its directory, readable by this user only, where absent. */
  public static FileLogSpool open(Path root, InstantSource clock, Journalled journalled)
      throws IOException {
    Files.createDirectories(
        root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    return new FileLogSpool(root, clock, journalled);
  }

  @Override
  public AttemptSpool create(AttemptLease lease) throws IOException {
    var directory = root.resolve(lease.toString());
    FileAttemptSpool.remove(directory);
    Files.createDirectory(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    return FileAttemptSpool.create(directory);
  }

  @Override
  public List<Leftover> leftovers() {
    var found = new ArrayList<Leftover>();
    try (DirectoryStream<Path> directories = Files.newDirectoryStream(root)) {
      var needed = Set.copyOf(journalled.leases());
      for (var directory : directories) {
        recover(directory, needed, found);
      }
    } catch (IOException failure) {
      log.atWarn().addKeyValue("directory", root).setCause(failure).log("Spools were not listed");
    }
    return found;
  }

  private void recover(Path directory, Set<AttemptLease> needed, List<Leftover> found) {
    try {
      var lease = AttemptLease.parse(String.valueOf(directory.getFileName()));
      var changed = Files.getLastModifiedTime(directory);
      if (!needed.contains(lease)
          && changed.compareTo(FileTime.from(clock.instant().minus(LEFTOVER_LIMIT))) < 0) {
        FileAttemptSpool.remove(directory);
        log.atWarn().addKeyValue("attempt", lease).log("Spool that nobody asked for was removed");
        return;
      }
      var spool = FileAttemptSpool.recover(directory);
      found.add(new Leftover(lease, spool, spool.last(), spool.acknowledged(), spool.state()));
    } catch (IOException | IllegalArgumentException failure) {
      log.atWarn()
          .addKeyValue("directory", directory)
          .addKeyValue("reason", failure)
          .log("Spool of an earlier run was not read");
    }
  }
}
