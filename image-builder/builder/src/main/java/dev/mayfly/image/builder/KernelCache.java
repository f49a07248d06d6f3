package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code images/kernels}: one directory a kernel, named by the digest of what it was made of, and
 * in {@code current} one file a definition, which holds the digest of its newest kernel. A kernel
 * appears by one rename. Several processes may read; whoever writes holds the lock of its flavour.
 */
final class KernelCache {
  private static final String DESCRIPTION = "kernel.json";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path directory;

  private KernelCache(Path directory) {
    this.directory = directory;
  }

  /** What {@code kernel.json} says. */
  record Description(
      String flavour,
      String release,
      boolean needsAcpi,
      List<String> modules,
      List<String> inputs) {}

  /** Opens the cache, making its directories where absent. */
  static KernelCache open(Path images) throws IOException {
    Path directory = images.resolve("kernels");
    Files.createDirectories(directory.resolve("current"));
    return new KernelCache(directory);
  }

  /** For work directories and locks, on the cache's file system. */
  Path directory() {
    return directory;
  }

  /** The newest kernel of a definition, without asking anybody whether there is a newer one. */
  Optional<GuestKernel> current(Sha256 definition) throws IOException {
    try {
      String hex = Files.readString(currentFile(definition)).strip();
      return find(new Sha256(hex));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IllegalArgumentException noDigest) {
      return Optional.empty();
    }
  }

  /** The kernel made of inputs with this digest. */
  Optional<GuestKernel> find(Sha256 digest) throws IOException {
    Path kernel = directory.resolve(digest.hex());
    try {
      Description described =
          JSON.readValue(Files.readAllBytes(kernel.resolve(DESCRIPTION)), Description.class);
      return Optional.of(
          new GuestKernel(
              kernel,
              described.release(),
              described.flavour(),
              described.needsAcpi(),
              described.modules(),
              described.inputs()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (JacksonException e) {
      throw new IOException(
          kernel.resolve(DESCRIPTION) + " cannot be read; remove " + kernel + " and try again", e);
    }
  }

  /** Every kernel that is there, in order of flavour and release. */
  List<GuestKernel> list() throws IOException {
    List<GuestKernel> kernels = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        if (name.matches("[0-9a-f]{64}")) {
          find(new Sha256(name)).ifPresent(kernels::add);
        }
      }
    }
    kernels.sort(
        java.util.Comparator.comparing(GuestKernel::flavour).thenComparing(GuestKernel::release));
    return kernels;
  }

  /**
   * Syncs a directory that holds everything but the description and renames it into place; then it
   * is its definition's newest.
   *
   * @param staged on the cache's file system
   */
  GuestKernel publish(Path staged, Sha256 digest, Sha256 definition, Description description)
      throws IOException {
    Path target = directory.resolve(digest.hex());
    if (find(digest).isEmpty()) {
      Files.write(staged.resolve(DESCRIPTION), JSON.writeValueAsBytes(description));
      syncTree(staged);
      Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE);
      sync(directory);
    }
    pointTo(digest, definition);
    return find(digest).orElseThrow(() -> new IOException(target + " is gone"));
  }

  /** Makes a kernel that is there its definition's newest. */
  void pointTo(Sha256 digest, Sha256 definition) throws IOException {
    Path file = currentFile(definition);
    Path next = file.resolveSibling(definition.hex() + ".next");
    Files.writeString(next, digest.hex() + "\n");
    sync(next);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    sync(directory.resolve("current"));
  }

  private Path currentFile(Sha256 definition) {
    return directory.resolve("current").resolve(definition.hex());
  }

  private static void syncTree(Path root) throws IOException {
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.toList()) {
        sync(path);
      }
    }
  }

  private static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
