package dev.mayfly.image.bundle;

import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
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
  private static final String STAGED_PREFIX = ".staged-";

  /** A publication reads its bundle under the lock, about a second; a minute means a hang. */
  private static final Duration LOCK_PATIENCE = Duration.ofMinutes(1);

  private final Path directory;
  private final Path bundles;
  private final BlobStore blobs;
  private final AtomicBoolean toldOld = new AtomicBoolean();

  private BundleStore(Path directory, BlobStore blobs) {
    this.directory = directory;
    this.bundles = directory.resolve("bundles");
    this.blobs = blobs;
  }

  /** Opens the store in {@code MAYFLY_HOME/images}, making the directories where absent. */
  public static BundleStore open(Path imagesDirectory) throws IOException {
    Path directory = imagesDirectory.toAbsolutePath().normalize();
    BundleStore store = new BundleStore(directory, BlobStore.open(directory));
    Files.createDirectories(store.bundles);
    return store;
  }

  /** The bundles' files by their digests. */
  public BlobStore blobs() {
    return blobs;
  }

  /**
   * The bundle with this digest, or empty when it is not here or was made by an earlier program,
   * whose bundles {@link #collectGarbage()} removes.
   *
   * @throws BundleBrokenException when its manifest does not have that digest
   * @throws BundleFormatException when its manifest is none, or of a later program
   */
  public Optional<BootBundle> find(Sha256 digest) throws IOException {
    try {
      return read(digest);
    } catch (OldSchemaException old) {
      return Optional.empty();
    }
  }

  private Optional<BootBundle> read(Sha256 digest) throws IOException {
    Path bundle = path(digest);
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
    int old = 0;
    for (Sha256 digest : digests()) {
      try {
        read(digest).ifPresent(found::add);
      } catch (OldSchemaException e) {
        old++;
      } catch (IOException e) {
        LOG.atWarn()
            .addKeyValue("bundle", digest)
            .setCause(e)
            .log("Left out a boot bundle that cannot be read");
      }
    }
    if (old > 0 && !toldOld.getAndSet(true)) {
      LOG.atInfo()
          .addKeyValue("directory", bundles)
          .addKeyValue("bundles", old)
          .log("Left out boot bundles of an earlier version, which the next collection removes");
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
   * Writes the manifest into a directory that holds the other files, checks and syncs them, makes
   * each of them a blob and renames the directory into place. Of two publications of one bundle the
   * second is dropped, unless the first is broken by now. Whatever fails, no half bundle is seen;
   * the directory may then be left over, and is the caller's to remove.
   *
   * @param staged a directory on the same file system that holds the files of the manifest and
   *     nothing else
   * @throws BundleBrokenException when a file is not what the manifest says
   */
  public BootBundle publish(Path staged, BundleManifest manifest)
      throws IOException, InterruptedException {
    byte[] bytes = manifest.toBytes();
    Sha256 digest = Sha256.of(bytes);
    Files.write(staged.resolve(BundleManifest.FILE), bytes);
    requireExactly(staged, manifest);
    for (BundleFile file : manifest.files()) {
      DurableFiles.sync(staged.resolve(file.name()));
    }
    DurableFiles.sync(staged.resolve(BundleManifest.FILE));
    Path target = path(digest);
    try (ExclusiveLock lock = lock()) {
      for (BundleFile file : manifest.files()) {
        blobs.unite(staged.resolve(file.name()), file);
      }
      if (isWhole(digest)) {
        DurableFiles.deleteTree(staged);
        return new BootBundle(digest, target, manifest);
      }
      keepSignatures(target, staged);
      DurableFiles.sync(staged);
      // What is there under this name, if anything, is broken: nobody can boot from it.
      removeDirectory(target);
      Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE);
      DurableFiles.sync(bundles);
    }
    return new BootBundle(digest, target, manifest);
  }

  /**
   * Publishes a bundle whose files are blobs of this store; they were checked when they came.
   * Idempotent.
   *
   * @throws BlobMissingException naming the first that is not here
   */
  public BootBundle assemble(BundleManifest manifest, List<BundleSignature> signatures)
      throws IOException, InterruptedException {
    Path staged = Files.createTempDirectory(bundles, STAGED_PREFIX);
    boolean published = false;
    try {
      // What createTempDirectory makes is closed to the VMM's user.
      Files.setPosixFilePermissions(staged, PosixFilePermissions.fromString("rwxr-xr-x"));
      for (BundleFile file : manifest.files()) {
        blobs.linkInto(staged, file);
      }
      if (!signatures.isEmpty()) {
        SignatureFile.add(staged, signatures);
      }
      BootBundle bundle = publish(staged, manifest);
      sign(bundle.digest(), signatures);
      published = true;
      return bundle;
    } finally {
      if (!published && Files.exists(staged)) {
        DurableFiles.deleteTree(staged);
      }
    }
  }

  /**
   * The signatures of a bundle, whoever made them; none when it is not here.
   *
   * @throws BundleFormatException when the file that holds them is not what it should be
   */
  public List<BundleSignature> signatures(Sha256 digest) throws IOException {
    return SignatureFile.read(path(digest));
  }

  /**
   * Adds signatures to a bundle; of one key the newer counts. Idempotent.
   *
   * @throws IllegalArgumentException when the bundle is not here, or would have more than {@value
   *     BundleSignature#MAX_PER_BUNDLE}
   */
  public void sign(Sha256 digest, List<BundleSignature> signatures)
      throws IOException, InterruptedException {
    if (signatures.isEmpty()) {
      return;
    }
    try (ExclusiveLock lock = lock()) {
      if (find(digest).isEmpty()) {
        throw new IllegalArgumentException("there is no bundle " + digest + " to sign");
      }
      SignatureFile.add(path(digest), signatures);
    }
  }

  /**
   * Removes a bundle, and those of its blobs that no other has; names that point to it point to
   * nothing then. A running microVM keeps the files it has open. Idempotent.
   *
   * @return false when it was not here
   */
  public boolean remove(Sha256 digest) throws IOException, InterruptedException {
    try (ExclusiveLock lock = lock()) {
      Path bundle = path(digest);
      boolean present = Files.exists(bundle, LinkOption.NOFOLLOW_LINKS);
      Set<Sha256> released = blobsOf(digest);
      removeDirectory(bundle);
      collectBlobs(released);
      return present;
    }
  }

  /**
   * Removes every bundle no name points to, every bundle of an earlier program, and the blobs that
   * no bundle has; blobs that came within the last day stay, for their bundle may be on its way. A
   * running microVM keeps the files it has open.
   *
   * @return which bundles were removed
   */
  public List<Sha256> collectGarbage() throws IOException, InterruptedException {
    List<Sha256> removed = new ArrayList<>();
    try (ExclusiveLock lock = lock()) {
      SortedMap<String, Sha256> names = names();
      boolean forgot = false;
      Set<Sha256> released = new HashSet<>();
      for (Sha256 digest : digests()) {
        boolean old = isOld(digest);
        if (old || !names.containsValue(digest)) {
          released.addAll(blobsOf(digest));
          removeDirectory(path(digest));
          removed.add(digest);
        }
        forgot |= old && names.values().removeIf(digest::equals);
      }
      if (forgot) {
        writeNames(names);
      }
      removeLeftovers();
      collectBlobs(released);
    }
    return List.copyOf(removed);
  }

  private boolean isOld(Sha256 digest) throws IOException {
    try {
      read(digest);
      return false;
    } catch (OldSchemaException old) {
      return true;
    } catch (BundleBrokenException | BundleFormatException broken) {
      return false;
    }
  }

  private Set<Sha256> blobsOf(Sha256 digest) throws IOException {
    Set<Sha256> held = new HashSet<>();
    try {
      find(digest)
          .ifPresent(bundle -> bundle.manifest().files().forEach(file -> held.add(file.sha256())));
    } catch (BundleBrokenException | BundleFormatException broken) {
      // Its blobs, if they are nobody else's, go when they are old.
    }
    return held;
  }

  /** Under the lock. */
  private void collectBlobs(Set<Sha256> released) throws IOException {
    Set<Sha256> used = new HashSet<>();
    for (Sha256 digest : digests()) {
      used.addAll(blobsOf(digest));
    }
    blobs.collectGarbage(used, released, Instant.now());
  }

  /** What a crash has left; what was staged within the last day may still be on its way. */
  private void removeLeftovers() throws IOException {
    try (DirectoryStream<Path> leftOver =
        Files.newDirectoryStream(bundles, "{" + REMOVED_PREFIX + "," + STAGED_PREFIX + "}*")) {
      Instant old = Instant.now().minus(BlobStore.UNUSED_AGE);
      for (Path path : leftOver) {
        boolean removed = path.getFileName().toString().startsWith(REMOVED_PREFIX);
        if (removed || Files.getLastModifiedTime(path).toInstant().isBefore(old)) {
          DurableFiles.deleteTree(path);
        }
      }
    }
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
    byte[] bytes = Names.encode(names);
    if (bytes.length > Names.MAX_BYTES) {
      throw new IOException(Names.FILE + " would have more than " + Names.MAX_BYTES + " bytes");
    }
    DurableFiles.replace(directory.resolve(Names.FILE), bytes);
  }

  private Path path(Sha256 digest) {
    return bundles.resolve(PREFIX + digest.hex());
  }

  /** A bundle that is mended keeps them: they are over its manifest, which is the same. */
  private static void keepSignatures(Path bundle, Path staged) throws IOException {
    try {
      List<BundleSignature> kept = SignatureFile.read(bundle);
      if (!kept.isEmpty()) {
        SignatureFile.add(staged, kept);
      }
    } catch (BundleFormatException broken) {
      LOG.atWarn()
          .addKeyValue("bundle", bundle)
          .setCause(broken)
          .log("Dropped the signatures of a broken boot bundle");
    }
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
    expected.add(SignatureFile.NAME);
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
  private void removeDirectory(Path bundle) throws IOException {
    if (Files.exists(bundle, LinkOption.NOFOLLOW_LINKS)) {
      Path removed = Files.createTempDirectory(bundles, REMOVED_PREFIX);
      Files.move(bundle, removed.resolve(bundle.getFileName()), StandardCopyOption.ATOMIC_MOVE);
      DurableFiles.sync(bundles);
      DurableFiles.deleteTree(removed);
    }
  }
}
