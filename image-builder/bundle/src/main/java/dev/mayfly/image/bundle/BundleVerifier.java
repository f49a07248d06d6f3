package dev.mayfly.image.bundle;

import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks the sha256 of every file of a bundle, and does not repeat it while path, size,
 * modification time and inode stay as they were. About half a second for a first check of 250 MB.
 * Thread-safe; of several threads that ask for one bundle one reads and the others wait.
 */
public final class BundleVerifier {
  private static final Logger LOG = LoggerFactory.getLogger(BundleVerifier.class);

  /** Three files a bundle: far more bundles than a host keeps. The oldest is checked again. */
  private static final int REMEMBERED_FILES = 1024;

  /** A line is two numbers, a digest and a path, which Linux limits to 4096 bytes. */
  private static final long REMEMBERED_BYTES = 8L << 20;

  private final Optional<Path> memory;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Path, Checked> checked = new LinkedHashMap<>();

  /** Remembers while this object lives. */
  public BundleVerifier() {
    this.memory = Optional.empty();
  }

  /**
   * Remembers across restarts too, in a file that is written as a whole. A file that cannot be read
   * costs one check more, never a wrong answer; whoever can write it is trusted.
   */
  public BundleVerifier(Path memory) {
    this.memory = Optional.of(memory);
    try {
      if (Files.size(memory) <= REMEMBERED_BYTES) {
        Files.readAllLines(memory).forEach(this::recall);
      }
    } catch (NoSuchFileException e) {
      LOG.atDebug().addKeyValue("file", memory).log("Found no remembered checks");
    } catch (IOException e) {
      LOG.atWarn().addKeyValue("file", memory).setCause(e).log("Forgot the remembered checks");
    }
  }

  /**
   * Returns when every file is what the digest promises.
   *
   * @throws BundleBrokenException naming the first file that is missing or differs
   * @throws IOException when a file cannot be read
   */
  public void verify(BootBundle bundle) throws IOException {
    lock.lock();
    try {
      boolean learned = false;
      for (BundleFile file : bundle.manifest().files()) {
        learned |= verify(bundle.path(file), file);
      }
      if (learned) {
        remember();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether one file of a bundle is what its digest promises; reads it. */
  public boolean isRight(BootBundle bundle, BundleFile file) {
    try {
      requireContent(bundle.path(file), file);
      return true;
    } catch (IOException wrong) {
      return false;
    }
  }

  private boolean verify(Path path, BundleFile expected) throws IOException {
    requireSize(path, expected);
    Checked before = Checked.of(path, expected.sha256());
    if (before.equals(checked.get(path))) {
      return false;
    }
    Sha256 actual = Sha256.ofFile(path);
    if (!actual.equals(expected.sha256())) {
      checked.remove(path);
      throw new BundleBrokenException(path, expected.sha256().toString(), actual.toString());
    }
    if (!before.equals(Checked.of(path, expected.sha256()))) {
      throw new BundleBrokenException(path, "left alone", "being changed");
    }
    checked.remove(path);
    checked.put(path, before);
    while (checked.size() > REMEMBERED_FILES) {
      checked.remove(checked.keySet().iterator().next());
    }
    return true;
  }

  static void requireSize(Path path, BundleFile expected) throws IOException {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new BundleBrokenException(path, "a regular file", "none");
    }
    long size = Files.size(path);
    if (size != expected.size()) {
      throw new BundleBrokenException(path, expected.size() + " bytes long", size + " bytes long");
    }
  }

  /** Reads all of it. */
  static void requireContent(Path path, BundleFile expected) throws IOException {
    requireSize(path, expected);
    Sha256 actual = Sha256.ofFile(path);
    if (!actual.equals(expected.sha256())) {
      throw new BundleBrokenException(path, expected.sha256().toString(), actual.toString());
    }
  }

  private void recall(String line) {
    Checked.parse(line).ifPresent(entry -> checked.put(entry.path, entry));
  }

  private void remember() {
    if (memory.isEmpty()) {
      return;
    }
    Path file = memory.get();
    List<String> lines = new ArrayList<>();
    checked.values().forEach(entry -> lines.add(entry.toLine()));
    Path next = file.resolveSibling(file.getFileName() + ".next");
    try {
      Files.write(next, lines);
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      LOG.atWarn().addKeyValue("file", file).setCause(e).log("Did not keep the checks of bundles");
    }
  }

  /** One file as it was when its digest was found right. */
  private record Checked(Path path, Sha256 sha256, long size, long modifiedNanos, long inode) {
    static Checked of(Path path, Sha256 sha256) throws IOException {
      Map<String, Object> attributes =
          Files.readAttributes(path, "unix:size,lastModifiedTime,ino", LinkOption.NOFOLLOW_LINKS);
      return new Checked(
          path,
          sha256,
          number(attributes.get("size")),
          attributes.get("lastModifiedTime") instanceof FileTime time
              ? time.to(TimeUnit.NANOSECONDS)
              : 0,
          number(attributes.get("ino")));
    }

    private static long number(@Nullable Object value) {
      if (value instanceof Number number) {
        return number.longValue();
      }
      throw new IllegalStateException("the unix view lacks an attribute");
    }

    static Optional<Checked> parse(String line) {
      String[] parts = line.split(" ", 5);
      if (parts.length != 5) {
        return Optional.empty();
      }
      try {
        return Optional.of(
            new Checked(
                Path.of(parts[4]),
                new Sha256(parts[0]),
                Long.parseLong(parts[1]),
                Long.parseLong(parts[2]),
                Long.parseLong(parts[3])));
      } catch (IllegalArgumentException e) {
        return Optional.empty();
      }
    }

    String toLine() {
      return sha256.hex() + " " + size + " " + modifiedNanos + " " + inode + " " + path;
    }
  }
}
