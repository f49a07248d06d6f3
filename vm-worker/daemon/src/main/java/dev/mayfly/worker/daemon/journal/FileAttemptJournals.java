package dev.mayfly.worker.daemon.journal;

import dev.mayfly.worker.core.attempt.AttemptJournals;
import dev.mayfly.worker.core.attempt.JournalEntry;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Journals as files, one per attempt, named by its lease. A file is written beside the old one and
 * put in its place, so a reader finds one of them whole; it is not synced, because the attempt does
 * not survive the end of the host either.
 */
public final class FileAttemptJournals implements AttemptJournals {
  /** Twice what a session has whose reports nobody acknowledges, until it is ended for that. */
  static final int MAX_BYTES = 16 << 20;

  private static final String NEXT = ".next";
  private static final Logger log = LoggerFactory.getLogger(FileAttemptJournals.class);

  private final Path root;
  private final String boot;

  private FileAttemptJournals(Path root, String boot) {
    this.root = root;
    this.boot = boot;
  }

  /**
   * Opens the journals, making their directory, readable by this user only, where absent.
   *
   * @param boot differs after each boot of the host
   */
  public static FileAttemptJournals open(Path root, String boot) throws IOException {
    Files.createDirectories(
        root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    return new FileAttemptJournals(root, boot);
  }

  @Override
  public void write(JournalEntry entry) throws IOException {
    var name = entry.terms().lease().toString();
    var text = JournalCodec.encode(entry, boot).getBytes(StandardCharsets.UTF_8);
    if (text.length > MAX_BYTES) {
      // It would not be read again; what is there stays.
      throw new IOException("a journal of " + text.length + " bytes is larger than " + MAX_BYTES);
    }
    var next = root.resolve(name + NEXT);
    Files.write(next, text);
    Files.move(
        next,
        root.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void remove(AttemptLease lease) throws IOException {
    Files.deleteIfExists(root.resolve(lease.toString()));
    Files.deleteIfExists(root.resolve(lease + NEXT));
  }

  @Override
  public List<AttemptLease> leases() throws IOException {
    var leases = new ArrayList<AttemptLease>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(root)) {
      for (var file : files) {
        leaseOf(file).ifPresent(leases::add);
      }
    }
    return leases.stream().distinct().toList();
  }

  @Override
  public List<Found> read() {
    var found = new ArrayList<Found>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(root)) {
      for (var file : files) {
        if (!file.toString().endsWith(NEXT)) {
          read(file).ifPresent(found::add);
        }
      }
    } catch (IOException failure) {
      log.atError().setCause(failure).log("Journals were not listed");
    }
    return List.copyOf(found);
  }

  private Optional<Found> read(Path file) {
    try {
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) > MAX_BYTES) {
        throw new IllegalArgumentException("it is not a file of a journal's size");
      }
      var decoded = JournalCodec.decode(Files.readString(file, StandardCharsets.UTF_8));
      if (!decoded.entry().terms().lease().toString().equals(file.getFileName().toString())) {
        throw new IllegalArgumentException("it speaks of another attempt");
      }
      return Optional.of(new Found(decoded.entry(), decoded.boot().equals(boot)));
    } catch (IOException | IllegalArgumentException damaged) {
      log.atError()
          .addKeyValue("file", file)
          .addKeyValue("reason", damaged.getMessage())
          .log("Journal could not be read; its attempt is lost");
      return Optional.empty();
    }
  }

  private static Optional<AttemptLease> leaseOf(Path file) {
    var name = file.getFileName().toString();
    var plain = name.endsWith(NEXT) ? name.substring(0, name.length() - NEXT.length()) : name;
    try {
      return Optional.of(AttemptLease.parse(plain));
    } catch (IllegalArgumentException notOurs) {
      return Optional.empty();
    }
  }
}
