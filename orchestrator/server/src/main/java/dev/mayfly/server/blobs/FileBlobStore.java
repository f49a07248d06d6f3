package dev.mayfly.server.blobs;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.core.image.BlobStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Blobs as files {@code served/sha256-<hex>}. Beside it, in {@code blobs/}, lie the blobs of the
 * image builder of this host: one that is there is taken in by a hard link once its digest has been
 * checked, and one that is stored here is linked there, so that on one host nothing is copied; each
 * side may remove its own link without harm to the other. Several orchestrators share the directory
 * on a network file system that has hard links, or use {@link S3BlobStore}. Thread-safe.
 */
final class FileBlobStore implements BlobStore {
  private static final String PREFIX = "sha256-";
  private static final Pattern BLOB = Pattern.compile(PREFIX + "([0-9a-f]{64})");
  private static final int READ_BYTES = 1 << 18;

  private final Path served;
  private final Path neighbours;

  private FileBlobStore(Path directory) {
    this.served = directory.resolve("served");
    this.neighbours = directory.resolve("blobs");
  }

  /** Opens the store in a directory, making what is absent. */
  static FileBlobStore open(Path directory) throws IOException {
    FileBlobStore store = new FileBlobStore(directory.toAbsolutePath().normalize());
    Files.createDirectories(store.served);
    return store;
  }

  private static Path in(Path directory, BlobDigest digest) {
    return directory.resolve(PREFIX + digest.hex());
  }

  @Override
  public OptionalLong size(BlobDigest digest) throws IOException {
    try {
      return OptionalLong.of(attributes(in(served, digest)).size());
    } catch (NoSuchFileException notHere) {
      return takeIn(digest) ? size(digest) : OptionalLong.empty();
    }
  }

  private static BasicFileAttributes attributes(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }

  /** Whether the builder's store had it, and has been believed after a look at every byte. */
  private boolean takeIn(BlobDigest digest) throws IOException {
    Path theirs = in(neighbours, digest);
    if (!Files.isRegularFile(theirs, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    Path ours = temporary(digest);
    try {
      // First the link: what is checked cannot be put in its place afterwards.
      Files.createLink(ours, theirs);
    } catch (NoSuchFileException goneMeanwhile) {
      return false;
    } catch (FileSystemException | UnsupportedOperationException noLinks) {
      // Another file system, or one without hard links: then it is uploaded like any other.
      return false;
    }
    try {
      if (!isWhole(ours, digest)) {
        return false;
      }
      publish(ours, digest);
      return true;
    } finally {
      Files.deleteIfExists(ours);
    }
  }

  private static boolean isWhole(Path file, BlobDigest digest) throws IOException {
    BlobCheck check = new BlobCheck(digest, attributes(file).size());
    byte[] buffer = new byte[READ_BYTES];
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        check.take(buffer, 0, count);
      }
    }
    return check.result() == Upload.Result.STORED;
  }

  /** A name that nobody else uses; what a crash leaves of it is removed by age. */
  private Path temporary(BlobDigest digest) {
    return served.resolve(".partial-" + digest.hex() + "-" + UUID.randomUUID());
  }

  /** Synced before and after, so that after a crash it is there as a whole or not at all. */
  private void publish(Path temporary, BlobDigest digest) throws IOException {
    try (FileChannel file = FileChannel.open(temporary, StandardOpenOption.READ)) {
      file.force(true);
    }
    try {
      Files.createLink(in(served, digest), temporary);
    } catch (FileAlreadyExistsException stored) {
      return;
    }
    try (FileChannel directory = FileChannel.open(served, StandardOpenOption.READ)) {
      directory.force(true);
    }
  }

  @Override
  public Optional<InputStream> open(BlobDigest digest, long offset) throws IOException {
    FileChannel channel;
    try {
      channel =
          FileChannel.open(in(served, digest), StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException notHere) {
      return takeIn(digest) ? open(digest, offset) : Optional.empty();
    }
    try {
      return Optional.of(Channels.newInputStream(channel.position(offset)));
    } catch (IOException | RuntimeException broken) {
      channel.close();
      throw broken;
    }
  }

  @Override
  public Upload begin(BlobDigest digest, long sizeBytes) throws IOException {
    Path temporary = temporary(digest);
    FileChannel channel =
        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    return new FileUpload(digest, temporary, channel, new BlobCheck(digest, sizeBytes));
  }

  /** A file that gets its name at the end. */
  private final class FileUpload implements Upload {
    private final BlobDigest digest;
    private final Path temporary;
    private final FileChannel channel;
    private final BlobCheck check;

    private FileUpload(BlobDigest digest, Path temporary, FileChannel channel, BlobCheck check) {
      this.digest = digest;
      this.temporary = temporary;
      this.channel = channel;
      this.check = check;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (check.take(bytes, offset, length)) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
      }
    }

    @Override
    public Result finish() throws IOException {
      Result result = check.result();
      if (result == Result.STORED) {
        channel.close();
        publish(temporary, digest);
        offerToNeighbours(digest);
      }
      return result;
    }

    @Override
    public void close() {
      try {
        channel.close();
        Files.deleteIfExists(temporary);
      } catch (IOException left) {
        // It is removed by its age.
      }
    }
  }

  /** A worker of this host finds it there without fetching it. */
  private void offerToNeighbours(BlobDigest digest) {
    try {
      if (Files.isDirectory(neighbours)) {
        Files.createLink(in(neighbours, digest), in(served, digest));
      }
    } catch (IOException | UnsupportedOperationException notOffered) {
      // It is there already, or it is fetched like any other.
    }
  }

  @Override
  public void delete(BlobDigest digest) throws IOException {
    // The builder's own link, if there is one, is for its own collection.
    Files.deleteIfExists(in(served, digest));
  }

  @Override
  public List<Stored> list(Optional<BlobDigest> after, int limit) throws IOException {
    String from = after.map(digest -> PREFIX + digest.hex()).orElse("");
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(served, PREFIX + "*")) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        if (name.compareTo(from) > 0) {
          names.add(name);
        }
      }
    }
    names.sort(Comparator.naturalOrder());
    List<Stored> blobs = new ArrayList<>();
    for (String name : names.subList(0, Math.min(limit, names.size()))) {
      Matcher matcher = BLOB.matcher(name);
      if (matcher.matches()) {
        try {
          BasicFileAttributes file = attributes(served.resolve(name));
          blobs.add(
              new Stored(
                  new BlobDigest("sha256:" + matcher.group(1)),
                  file.size(),
                  changed(served.resolve(name))));
        } catch (NoSuchFileException goneMeanwhile) {
          // It is not stored any more.
        }
      }
    }
    return blobs;
  }

  /** When it was linked here last: the time of its content may be long past. */
  private static Instant changed(Path file) throws IOException {
    return ((FileTime) Files.getAttribute(file, "unix:ctime", LinkOption.NOFOLLOW_LINKS))
        .toInstant();
  }

  @Override
  public void removeLeftovers(Instant before) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(served, ".partial-*")) {
      for (Path file : files) {
        try {
          if (attributes(file).lastModifiedTime().toInstant().isBefore(before)) {
            Files.deleteIfExists(file);
          }
        } catch (NoSuchFileException goneMeanwhile) {
          // Its upload has ended.
        }
      }
    }
  }
}
