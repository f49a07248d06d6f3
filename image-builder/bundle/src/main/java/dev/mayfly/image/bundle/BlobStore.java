package dev.mayfly.image.bundle;

import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The files of boot bundles by their digests: {@code blobs/sha256-<hex>}, to which the bundles'
 * directories hold hard links, so that equal files of many bundles lie here once. A blob appears by
 * one rename, checked and synced. Thread-safe; several processes may use it at once.
 */
public final class BlobStore {
  /** For how long what nobody links is kept: its bundle may be on its way for that long. */
  static final Duration UNUSED_AGE = Duration.ofDays(1);

  private static final String PREFIX = "sha256-";
  private static final String PARTIAL_PREFIX = ".partial-";
  private static final String LINKING_PREFIX = ".linking-";
  private static final Pattern ENTRY = Pattern.compile("(sha256-|\\.partial-)([0-9a-f]{64})");

  private final Path blobs;
  private final Set<Sha256> receiving = ConcurrentHashMap.newKeySet();

  private BlobStore(Path blobs) {
    this.blobs = blobs;
  }

  /** Opens the blobs of the store in this directory, making theirs where absent. */
  public static BlobStore open(Path imagesDirectory) throws IOException {
    Path blobs = imagesDirectory.toAbsolutePath().normalize().resolve("blobs");
    Files.createDirectories(blobs);
    return new BlobStore(blobs);
  }

  /** The file of a blob, which must not be changed; empty when it is not here. */
  public Optional<Path> find(Sha256 digest) {
    Path blob = path(digest);
    return Files.isRegularFile(blob, LinkOption.NOFOLLOW_LINKS)
        ? Optional.of(blob)
        : Optional.empty();
  }

  /** Which of these are not here, in their order. */
  public List<Sha256> missing(Collection<Sha256> digests) {
    return digests.stream().filter(digest -> find(digest).isEmpty()).toList();
  }

  /**
   * Opens a blob for reading, at its begin.
   *
   * @throws NoSuchFileException when it is not here
   */
  public FileChannel read(Sha256 digest) throws IOException {
    return FileChannel.open(path(digest), StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * Begins to store a blob, or goes on where the last attempt ended. Reads what that one left, so
   * this may take a second. Whether the blob is here already is for the caller to ask first.
   *
   * @throws BlobBusyException when somebody stores it at this moment
   */
  public IncomingBlob receive(Sha256 digest, long size) throws IOException {
    if (size < 1) {
      throw new BlobRefusedException("blob " + digest + " has no size");
    }
    if (!receiving.add(digest)) {
      throw new BlobBusyException(digest);
    }
    boolean begun = false;
    try {
      IncomingBlob incoming = open(digest, size);
      begun = true;
      return incoming;
    } finally {
      if (!begun) {
        receiving.remove(digest);
      }
    }
  }

  private IncomingBlob open(Sha256 digest, long size) throws IOException {
    Path partial = blobs.resolve(PARTIAL_PREFIX + digest.hex());
    @Nullable FileChannel channel =
        FileChannel.open(
            partial,
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            LinkOption.NOFOLLOW_LINKS);
    try {
      if (!isLocked(channel) || !Files.exists(partial, LinkOption.NOFOLLOW_LINKS)) {
        // In the second case another process has just made a blob of the file we opened.
        throw new BlobBusyException(digest);
      }
      IncomingBlob incoming =
          new IncomingBlob(
              partial, path(digest), digest, size, channel, () -> receiving.remove(digest));
      channel = null;
      return incoming;
    } finally {
      if (channel != null) {
        channel.close();
      }
    }
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException heldInThisProcess) {
      return false;
    }
  }

  /** Bytes that an earlier attempt to store a blob has left; 0: none. */
  public long partial(Sha256 digest) {
    try {
      return Files.size(blobs.resolve(PARTIAL_PREFIX + digest.hex()));
    } catch (IOException none) {
      return 0;
    }
  }

  /**
   * Takes a file of another store as a blob, as a hard link where both are on one file system, else
   * as a copy; checked like any other.
   *
   * @throws BundleBrokenException when its bytes are not those of the digest
   * @throws BlobBusyException when somebody stores it at this moment
   */
  public void take(Path file, Sha256 digest, long size) throws IOException {
    if (find(digest).isPresent()) {
      return;
    }
    BundleVerifier.requireContent(file, new BundleFile("blob", digest, size));
    if (!link(file, path(digest))) {
      try (IncomingBlob incoming = receive(digest, size);
          FileChannel source = FileChannel.open(file, StandardOpenOption.READ)) {
        source.position(incoming.received());
        ByteBuffer buffer = ByteBuffer.allocate(Sha256.READ_BYTES);
        while (source.read(buffer.clear()) >= 0) {
          incoming.write(buffer.flip());
        }
        incoming.commit();
      }
    }
  }

  /** Removes a blob that is broken or not wanted; bundles keep their links to it. Idempotent. */
  public void remove(Sha256 digest) throws IOException {
    Files.deleteIfExists(path(digest));
  }

  /**
   * Makes a staged file and the blob of its digest one file, whichever of them is there. Under the
   * store's lock.
   *
   * @throws BundleBrokenException when the staged file is not what it should be
   */
  void unite(Path staged, BundleFile file) throws IOException {
    Path blob = path(file.sha256());
    if (find(file.sha256()).isPresent()) {
      if (DurableFiles.isSameFile(blob, staged)) {
        return;
      }
      if (isRight(blob, file)) {
        replaceByLink(blob, staged);
        return;
      }
    }
    BundleVerifier.requireContent(staged, file);
    DurableFiles.makeReadable(staged);
    replaceByLink(staged, blob);
    DurableFiles.sync(blobs);
  }

  /** Links a blob into a bundle's directory. */
  void linkInto(Path directory, BundleFile file) throws IOException {
    Path blob = path(file.sha256());
    if (find(file.sha256()).isEmpty()) {
      throw new BlobMissingException(file.sha256(), file.name());
    }
    BundleVerifier.requireSize(blob, file);
    Files.createLink(directory.resolve(file.name()), blob);
  }

  /**
   * Removes what no bundle needs.
   *
   * @param used what the bundles hold
   * @param released what bundles that were just removed held: goes at once, however young
   * @param now what is not released and younger than {@link #UNUSED_AGE} then stays
   */
  void collectGarbage(Set<Sha256> used, Set<Sha256> released, Instant now) throws IOException {
    Instant old = now.minus(UNUSED_AGE);
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(blobs)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        Matcher matcher = ENTRY.matcher(name);
        if (matcher.matches()) {
          Sha256 digest = new Sha256(matcher.group(2));
          boolean blob = matcher.group(1).equals(PREFIX);
          boolean wanted = blob ? used.contains(digest) : receiving.contains(digest);
          if (!wanted && (blob && released.contains(digest) || lastTouched(entry).isBefore(old))) {
            Files.deleteIfExists(entry);
          }
        } else if (name.startsWith(LINKING_PREFIX)) {
          Files.deleteIfExists(entry);
        }
      }
    }
  }

  /** Every blob that is here. */
  public List<Sha256> list() throws IOException {
    List<Sha256> digests = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(blobs, PREFIX + "*")) {
      for (Path entry : entries) {
        Matcher matcher = ENTRY.matcher(entry.getFileName().toString());
        if (matcher.matches()) {
          digests.add(new Sha256(matcher.group(2)));
        }
      }
    }
    digests.sort(null);
    return digests;
  }

  /** The later of the times its content and its links were changed. */
  private static Instant lastTouched(Path entry) throws IOException {
    Map<String, Object> times;
    try {
      times = Files.readAttributes(entry, "unix:lastModifiedTime,ctime", LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException gone) {
      return Instant.EPOCH;
    }
    Instant latest = Instant.EPOCH;
    for (Object time : times.values()) {
      if (time instanceof FileTime fileTime && fileTime.toInstant().isAfter(latest)) {
        latest = fileTime.toInstant();
      }
    }
    return latest;
  }

  private static boolean isRight(Path blob, BundleFile file) throws IOException {
    try {
      BundleVerifier.requireContent(blob, file);
      return true;
    } catch (BundleBrokenException broken) {
      return false;
    }
  }

  /** Returns false where the file system does not allow it; both must be on one, and ours. */
  private static boolean link(Path file, Path target) throws IOException {
    try {
      Files.createLink(target, file);
      return true;
    } catch (FileAlreadyExistsException another) {
      return true;
    } catch (NoSuchFileException gone) {
      throw gone;
    } catch (FileSystemException | UnsupportedOperationException notHere) {
      return false;
    }
  }

  private void replaceByLink(Path file, Path target) throws IOException {
    Path linking = blobs.resolve(LINKING_PREFIX + target.getFileName());
    Files.deleteIfExists(linking);
    Files.createLink(linking, file);
    Files.move(linking, target, StandardCopyOption.ATOMIC_MOVE);
  }

  private Path path(Sha256 digest) {
    return blobs.resolve(PREFIX + digest.hex());
  }
}
