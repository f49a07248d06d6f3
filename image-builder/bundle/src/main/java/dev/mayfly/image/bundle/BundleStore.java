package dev.mayfly.image.bundle;

import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The boot bundles of one host: {@code bundles/sha256-<hex>/} and {@code names.json} in one
 * directory. Several processes may use it at once: a bundle appears and disappears by one rename,
 * and so does every change of the names. Thread-safe.
 */
public final class BundleStore {
  private static final Logger LOG = LoggerFactory.getLogger(BundleStore.class);

  private static final String PREFIX = "sha256-";
  private static final Pattern BUNDLE_DIRECTORY = Pattern.compile(PREFIX + "([0-9a-f]{64})");
  private static final String REMOVED_PREFIX = ".removed-";

  /** What is done under the lock takes milliseconds; a minute means that something hangs. */
  private static final Duration LOCK_PATIENCE = Duration.ofMinutes(1);

  private final Path directory;
  private final Path bundles;

  private BundleStore(Path directory) {
    this.directory = directory;
    this.bundles = directory.resolve("bundles");
  }

  /** Opens the store in {@code MAYFLY_HOME/images}, making the directories where absent. */
  public static BundleStore open(Path imagesDirectory) throws IOException {
    BundleStore store = new BundleStore(imagesDirectory.toAbsolutePath().normalize());
    Files.createDirectories(store.bundles);
    return store;
  }

  /**
   * The bundle with this digest, or empty when it is not here.
   *
   * @throws BundleBrokenException when its manifest does not have that digest
   * @throws BundleFormatException when its manifest is of a schema this program does not read
   */
  public Optional<BootBundle> find(Sha256 digest) throws IOException {
    Path bundle = bundles.resolve(PREFIX + digest.hex());
    byte[] bytes;
    try (InputStream in =
        Files.newInputStream(bundle.resolve(BundleManifest.FILE), LinkOption.NOFOLLOW_LINKS)) {
      bytes = in.readNBytes(BundleManifest.MAX_BYTES + 1);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    Sha256 actual = Sha256.of(bytes);
    if (!actual.equals(digest)) {
      throw new BundleBrokenException(
          bundle.resolve(BundleManifest.FILE), digest.toString(), actual.toString());
    }
    return Optional.of(new BootBundle(digest, bundle, BundleManifest.parse(bytes)));
  }

  /** The bundle a name points to, or empty when there is no such name or its bundle is gone. */
  public Optional<BootBundle> find(String name) throws IOException {
    Sha256 digest = names().get(name);
    return digest == null ? Optional.empty() : find(digest);
  }

  /** Every readable bundle, in order of digest; one that cannot be read is logged and left out. */
  public List<BootBundle> list() throws IOException {
    List<BootBundle> found = new ArrayList<>();
    for (Sha256 digest : digests()) {
      try {
        find(digest).ifPresent(found::add);
      } catch (IOException e) {
        LOG.atWarn()
            .addKeyValue("bundle", digest)
            .setCause(e)
            .log("Left out a boot bundle that cannot be read");
      }
    }
    return List.copyOf(found);
  }

  /** Which name points to which bundle; empty where nothing was ever published. */
  public SortedMap<String, Sha256> names() throws IOException {
    try (InputStream in =
        Files.newInputStream(directory.resolve(Names.FILE), LinkOption.NOFOLLOW_LINKS)) {
      return Names.decode(in.readNBytes(Names.MAX_BYTES + 1));
    } catch (NoSuchFileException e) {
      return new TreeMap<>();
    }
  }

  /**
   * Points a name to a bundle that is here. Atomic and durable; repeating it changes nothing.
   *
   * @throws IllegalArgumentException when the name is no image name or the bundle is not here
   */
  public void point(String name, Sha256 digest) throws IOException, InterruptedException {
    Names.requireImageName("name", name);
    try (ExclusiveLock lock = lock()) {
      if (find(digest).isEmpty()) {
        throw new IllegalArgumentException("there is no bundle " + digest + " to point to");
      }
      SortedMap<String, Sha256> names = names();
      if (!digest.equals(names.put(name, digest))) {
        writeNames(names);
      }
    }
  }

  /**
   * Removes a name; its bundle stays until {@link #collectGarbage()}.
   *
   * @return false when there was no such name
   */
  public boolean forget(String name) throws IOException, InterruptedException {
    try (ExclusiveLock lock = lock()) {
      SortedMap<String, Sha256> names = names();
      boolean known = names.remove(name) != null;
      if (known) {
        writeNames(names);
      }
      return known;
    }
  }

  /**
   * Writes the manifest into a directory that holds the other files, syncs it and renames it into
   * place. Of two publications of one bundle the second is dropped, unless the first is broken by
   * now. Whatever fails, no half bundle is seen; the directory may then be left over, and is the
   * caller's to remove.
   *
   * @param staged a directory on the same file system that holds the files of the manifest and
   *     nothing else
   * @throws BundleBrokenException when a file's size is not the manifest's
   */
  public BootBundle publish(Path staged, BundleManifest manifest)
      throws IOException, InterruptedException {
    byte[] bytes = manifest.toBytes();
    Sha256 digest = Sha256.of(bytes);
    Files.write(staged.resolve(BundleManifest.FILE), bytes);
    requireExactly(staged, manifest);
    for (BundleFile file : manifest.files()) {
      sync(staged.resolve(file.name()));
    }
    sync(staged.resolve(BundleManifest.FILE));
    sync(staged);
    Path target = bundles.resolve(PREFIX + digest.hex());
    try (ExclusiveLock lock = lock()) {
      if (isWhole(digest)) {
        deleteTree(staged);
        return new BootBundle(digest, target, manifest);
      }
      // What is there under this name, if anything, is broken: nobody can boot from it.
      remove(target);
      Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE);
      sync(bundles);
    }
    return new BootBundle(digest, target, manifest);
  }

  /**
   * Removes every bundle no name points to. A running microVM keeps the files it has open.
   *
   * @return what was removed
   */
  public List<Sha256> collectGarbage() throws IOException, InterruptedException {
    List<Sha256> removed = new ArrayList<>();
    try (ExclusiveLock lock = lock()) {
      Set<Sha256> named = new HashSet<>(names().values());
      for (Sha256 digest : digests()) {
        if (!named.contains(digest)) {
          remove(bundles.resolve(PREFIX + digest.hex()));
          removed.add(digest);
        }
      }
      try (DirectoryStream<Path> leftOver =
          Files.newDirectoryStream(bundles, REMOVED_PREFIX + "*")) {
        for (Path path : leftOver) {
          deleteTree(path);
        }
      }
    }
    return List.copyOf(removed);
  }

  private List<Sha256> digests() throws IOException {
    List<Sha256> digests = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(bundles)) {
      for (Path entry : entries) {
        var matcher = BUNDLE_DIRECTORY.matcher(entry.getFileName().toString());
        if (matcher.matches()) {
          digests.add(new Sha256(matcher.group(1)));
        }
      }
    }
    digests.sort(Comparator.naturalOrder());
    return digests;
  }

  private ExclusiveLock lock() throws IOException, InterruptedException {
    Path file = directory.resolve("names.lock");
    return ExclusiveLock.acquire(file, LOCK_PATIENCE)
        .orElseThrow(
            () -> new IOException(file + " has been held for " + LOCK_PATIENCE.toSeconds() + " s"));
  }

  private void writeNames(SortedMap<String, Sha256> names) throws IOException {
    Path next = directory.resolve(Names.FILE + ".next");
    byte[] bytes = Names.encode(names);
    if (bytes.length > Names.MAX_BYTES) {
      throw new IOException(Names.FILE + " would have more than " + Names.MAX_BYTES + " bytes");
    }
    Files.write(next, bytes);
    sync(next);
    Files.move(next, directory.resolve(Names.FILE), StandardCopyOption.ATOMIC_MOVE);
    sync(directory);
  }

  /** Reads it all: publishing again is how a person mends a bundle that was found broken. */
  private boolean isWhole(Sha256 digest) throws IOException {
    try {
      Optional<BootBundle> present = find(digest);
      if (present.isPresent()) {
        new BundleVerifier().verify(present.get());
      }
      return present.isPresent();
    } catch (BundleBrokenException e) {
      LOG.atWarn().addKeyValue("bundle", digest).setCause(e).log("Replaced a broken boot bundle");
      return false;
    }
  }

  private static void requireExactly(Path staged, BundleManifest manifest) throws IOException {
    Set<String> expected = new HashSet<>();
    expected.add(BundleManifest.FILE);
    for (BundleFile file : manifest.files()) {
      expected.add(file.name());
      BundleVerifier.requireSize(staged.resolve(file.name()), file);
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(staged)) {
      for (Path entry : entries) {
        if (!expected.contains(entry.getFileName().toString())) {
          throw new IllegalStateException("staged bundle holds " + entry.getFileName());
        }
      }
    }
  }

  /** Gone for every reader at once, then file by file. */
  private void remove(Path bundle) throws IOException {
    if (Files.exists(bundle, LinkOption.NOFOLLOW_LINKS)) {
      Path removed = Files.createTempDirectory(bundles, REMOVED_PREFIX);
      Files.move(bundle, removed.resolve(bundle.getFileName()), StandardCopyOption.ATOMIC_MOVE);
      sync(bundles);
      deleteTree(removed);
    }
  }

  private static void deleteTree(Path root) throws IOException {
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** Works for directories too: Linux lets a directory be opened for reading and synced. */
  private static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
