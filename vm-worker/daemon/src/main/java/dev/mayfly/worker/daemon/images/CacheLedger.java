package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who needs which bundle, and when it was last needed: uses last as long as this process, times of
 * use are the times of files in {@code last-use/}. Thread-safe.
 */
final class CacheLedger {
  private static final Logger log = LoggerFactory.getLogger(CacheLedger.class);

  private final Path directory;
  private final InstantSource clock;
  private final Map<Sha256, Integer> uses = new HashMap<>();
  private List<Sha256> wanted = List.of();
  private Set<Sha256> pinned = Set.of();

  private CacheLedger(Path directory, InstantSource clock) {
    this.directory = directory;
    this.clock = clock;
  }

  static CacheLedger open(Path images, InstantSource clock) throws IOException {
    Path directory = images.resolve("last-use");
    Files.createDirectories(directory);
    return new CacheLedger(directory, clock);
  }

  /** Somebody needs it from now on. */
  void use(Sha256 digest) {
    synchronized (this) {
      uses.merge(digest, 1, Integer::sum);
    }
    touch(digest);
  }

  /** One of those that needed it does not any more. */
  void release(Sha256 digest) {
    synchronized (this) {
      uses.computeIfPresent(digest, (key, count) -> count == 1 ? null : count - 1);
    }
    touch(digest);
  }

  /** What should be here before anybody asks, the most wanted first, and what is never to go. */
  synchronized void keep(List<Sha256> wantedNow, List<Sha256> pinnedNow) {
    wanted = List.copyOf(wantedNow);
    pinned = Set.copyOf(pinnedNow);
  }

  synchronized List<Sha256> wanted() {
    return wanted;
  }

  synchronized boolean isKept(Sha256 digest) {
    return uses.containsKey(digest) || pinned.contains(digest);
  }

  synchronized Optional<Integer> rank(Sha256 digest) {
    int rank = wanted.indexOf(digest);
    return rank < 0 ? Optional.empty() : Optional.of(rank);
  }

  /** When it was last needed; long ago, when that is not known. */
  Instant lastUse(Sha256 digest) {
    try {
      return Files.getLastModifiedTime(directory.resolve(digest.hex())).toInstant();
    } catch (IOException unknown) {
      return Instant.EPOCH;
    }
  }

  /** Forgets the times of all others. */
  void retain(Set<Sha256> present) {
    var names = new HashSet<String>();
    present.forEach(digest -> names.add(digest.hex()));
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        if (!names.contains(String.valueOf(file.getFileName()))) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException failure) {
      log.atWarn().setCause(failure).log("Times of use of bundles that are gone were not removed");
    }
  }

  private void touch(Sha256 digest) {
    Path file = directory.resolve(digest.hex());
    try {
      if (!Files.exists(file)) {
        Files.createFile(file);
      }
      Files.setLastModifiedTime(file, FileTime.from(clock.instant()));
    } catch (IOException failure) {
      // It may go a little too early.
      log.atWarn()
          .addKeyValue("bundle", digest)
          .setCause(failure)
          .log("The time a bundle was used was not written down");
    }
  }
}
