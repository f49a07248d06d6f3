package dev.mayfly.worker.daemon.files;

import dev.mayfly.worker.core.attempt.MicroVmFiles;
import dev.mayfly.worker.linux.SparseCopy;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Directories of microVMs, and scratch disks as sparse copies of one template per size: a copy
 * takes 2 ms where mkfs takes 20, and no space until the guest writes.
 */
public final class DiskMicroVmFiles implements MicroVmFiles {
  /** mkfs on a sparse file takes tens of milliseconds; a loaded host may take seconds. */
  private static final Duration MKFS_LIMIT = Duration.ofMinutes(2);

  /** A template is about a MiB; people use few sizes. The one unused for longest goes. */
  static final int MAX_TEMPLATES = 16;

  private static final String SCRATCH = "scratch.ext4";
  private static final String TEMPLATE_PREFIX = "scratch-";

  private final Path vms;
  private final Path templates;
  private final String searchPath;
  private final ReentrantLock making = new ReentrantLock();

  private DiskMicroVmFiles(Path vms, Path templates, String searchPath) {
    this.vms = vms;
    this.templates = templates;
    this.searchPath = searchPath;
  }

  /**
   * Opens {@code vms/} and {@code templates/} in the worker's directory, making them where absent.
   *
   * @param searchPath PATH, where mkfs.ext4 is looked for
   */
  public static DiskMicroVmFiles open(Path workerDirectory, String searchPath) throws IOException {
    var files =
        new DiskMicroVmFiles(
            workerDirectory.resolve("vms"), workerDirectory.resolve("templates"), searchPath);
    var mine = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    Files.createDirectories(files.vms, mine);
    Files.createDirectories(files.templates, mine);
    return files;
  }

  /** Where the directories of all microVMs lie. */
  public Path vms() {
    return vms;
  }

  @Override
  public Path createDirectory(String name) throws IOException {
    return Files.createDirectory(
        vms.resolve(name),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  @Override
  public Path directory(String name) {
    return vms.resolve(name);
  }

  /** Removes a tree; does not follow links. */
  @Override
  public void removeDirectory(Path directory) throws IOException {
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(directory)) {
      for (var path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (UncheckedIOException failure) {
      if (!(failure.getCause() instanceof NoSuchFileException)) {
        throw failure.getCause();
      }
    }
  }

  @Override
  public Path createScratch(Path directory, int scratchMib)
      throws IOException, InterruptedException {
    var template = template(scratchMib);
    var scratch = directory.resolve(SCRATCH);
    SparseCopy.copy(template, scratch);
    return scratch;
  }

  @Override
  public void removeScratch(Path scratch) throws IOException {
    Files.deleteIfExists(scratch);
  }

  private Path template(int mib) throws IOException, InterruptedException {
    var template = templates.resolve(TEMPLATE_PREFIX + mib + ".ext4");
    making.lockInterruptibly();
    try {
      if (Files.exists(template)) {
        Files.setLastModifiedTime(template, FileTime.from(Instant.now()));
        return template;
      }
      var next = templates.resolve(TEMPLATE_PREFIX + mib + ".next");
      try {
        make(next, mib);
        Files.move(next, template, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(next);
      }
      removeOldest();
      return template;
    } finally {
      making.unlock();
    }
  }

  /**
   * No journal: nobody mounts the disk of a microVM that was cut off. No reserve for root: jobs are
   * root. Inode tables are written now, because the guest's kernel would do it while the job runs.
   */
  private void make(Path file, int mib) throws IOException, InterruptedException {
    Files.deleteIfExists(file);
    try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength((long) mib << 20);
    }
    HostCommand.run(
        MKFS_LIMIT,
        List.of(
            program("mkfs.ext4").toString(),
            "-q",
            "-F",
            "-m",
            "0",
            "-O",
            "^has_journal",
            "-E",
            "lazy_itable_init=0,nodiscard",
            file.toString()));
  }

  private Path program(String name) throws IOException {
    return HostCommand.find(name, searchPath)
        .orElseThrow(() -> new IOException(name + " is not installed"));
  }

  private void removeOldest() throws IOException {
    var present = new ArrayList<Path>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(templates, TEMPLATE_PREFIX + "*.ext4")) {
      files.forEach(present::add);
    }
    if (present.size() <= MAX_TEMPLATES) {
      return;
    }
    var oldest = present.getFirst();
    for (var candidate : present) {
      if (Files.getLastModifiedTime(candidate).compareTo(Files.getLastModifiedTime(oldest)) < 0) {
        oldest = candidate;
      }
    }
    Files.deleteIfExists(oldest);
  }
}
