package dev.mayfly.image.registry;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.oci.OciDocuments;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What registries have sent, by its digest, so that of an image that moved only the new part is
 * fetched: {@code sha256-<hex>} for blobs, {@code .document} for manifests, {@code .part} for what
 * is not there to its end. Whatever is in it may be removed at any time. Several threads of one
 * process may use it at once, for different blobs.
 */
public final class LayerCache {
  /** A dozen large images; a machine with less to spare has its file system checked before. */
  public static final long DEFAULT_MAX_BYTES = 8L << 30;

  /** After that nobody continues a download. */
  private static final Duration PART_AGE = Duration.ofDays(2);

  private static final String PREFIX = "sha256-";
  private static final String DOCUMENT = ".document";
  private static final String PART = ".part";
  private static final String NEW = ".new";
  private static final int MAX_TYPE = 200;

  private final Path directory;
  private final long maxBytes;

  /** Opens the cache, making the directory where absent. */
  public LayerCache(Path directory, long maxBytes) throws IOException {
    this.directory = Files.createDirectories(directory);
    this.maxBytes = maxBytes;
  }

  /** A blob that is whole; its bytes are read, and what is not whole is removed. */
  Optional<Path> find(Sha256 digest, long size) throws IOException {
    Path file = blob(digest);
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    if (Files.size(file) != size || !Sha256.ofFile(file).equals(digest)) {
      Files.delete(file);
      return Optional.empty();
    }
    touch(file);
    return Optional.of(file);
  }

  /** Where a blob grows; empty at first, or as far as an earlier download came. */
  Path part(Sha256 digest) {
    return directory.resolve(PREFIX + digest.hex() + PART);
  }

  /** Keeps a part that was checked to be the whole blob. */
  Path keep(Sha256 digest) throws IOException {
    return Files.move(part(digest), blob(digest), StandardCopyOption.ATOMIC_MOVE);
  }

  Optional<RegistryClient.Document> document(Sha256 digest) throws IOException {
    Path file = directory.resolve(PREFIX + digest.hex() + DOCUMENT);
    byte[] all;
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      all = in.readNBytes(OciDocuments.MAX_BYTES + MAX_TYPE + 1);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    int end = 0;
    while (end < all.length && all[end] != '\n') {
      end++;
    }
    byte[] bytes = Arrays.copyOfRange(all, Math.min(end + 1, all.length), all.length);
    if (!Sha256.of(bytes).equals(digest)) {
      Files.delete(file);
      return Optional.empty();
    }
    touch(file);
    return Optional.of(
        new RegistryClient.Document(
            new String(all, 0, end, StandardCharsets.US_ASCII), digest, bytes));
  }

  void keep(RegistryClient.Document document) throws IOException {
    if (document.mediaType().length() > MAX_TYPE) {
      return;
    }
    byte[] type = (document.mediaType() + "\n").getBytes(StandardCharsets.US_ASCII);
    byte[] all = Arrays.copyOf(type, type.length + document.bytes().length);
    System.arraycopy(document.bytes(), 0, all, type.length, document.bytes().length);
    Path next = directory.resolve(PREFIX + document.digest().hex() + NEW);
    Files.write(next, all);
    Files.move(
        next,
        directory.resolve(PREFIX + document.digest().hex() + DOCUMENT),
        StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Removes what was used longest ago until the rest fits, and downloads nobody went on with.
   *
   * @param needed blobs that stay
   */
  void trim(Set<Sha256> needed, Instant now) throws IOException {
    record Entry(Path file, long size, FileTime used) {}
    List<Entry> entries = new ArrayList<>();
    long total = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, PREFIX + "*")) {
      for (Path file : files) {
        FileTime used = Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS);
        String name = file.getFileName().toString();
        if ((name.endsWith(PART) || name.endsWith(NEW))
            && used.toInstant().isBefore(now.minus(PART_AGE))) {
          Files.deleteIfExists(file);
        } else {
          entries.add(new Entry(file, Files.size(file), used));
          total += Files.size(file);
        }
      }
    }
    entries.sort(Comparator.comparing(Entry::used).thenComparing(Entry::file));
    for (Entry entry : entries) {
      if (total <= maxBytes) {
        return;
      }
      if (needed.stream().noneMatch(digest -> blob(digest).equals(entry.file()))) {
        Files.deleteIfExists(entry.file());
        total -= entry.size();
      }
    }
  }

  long usableBytes() {
    return directory.toFile().getUsableSpace();
  }

  private Path blob(Sha256 digest) {
    return directory.resolve(PREFIX + digest.hex());
  }

  private static void touch(Path file) throws IOException {
    Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
  }
}
