package dev.mayfly.db;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tukaani.xz.XZInputStream;

/**
 * The PostgreSQL programs, unpacked once from the class path.
 *
 * @param home the folder that holds bin, lib and share
 * @param version as the build pinned it, such as 18.6.0
 */
record PostgresBinaries(Path home, String version) {
  private static final Logger log = LoggerFactory.getLogger(PostgresBinaries.class);

  /** Lies in a folder that is whole. */
  private static final String MARKER = ".complete";

  /** 60 MiB unpack to today; ten times that is no PostgreSQL. */
  private static final long LARGEST_TOTAL = 600L << 20;

  /** The xz dictionary of the archive needs 9 MiB. */
  private static final int LARGEST_XZ_MEMORY_KIB = 128 << 10;

  private static final Duration SYNC_TIMEOUT = Duration.ofMinutes(1);

  Path program(String name) {
    return home.resolve("bin").resolve(name);
  }

  String major() {
    return version.substring(0, version.indexOf('.'));
  }

  /**
   * Unpacks the programs below {@code parent}, or finds them there. Several processes may do so at
   * once: the folder appears whole, by a rename.
   *
   * @throws DatabaseException on an unknown architecture, a full disk, an unwritable directory
   */
  static PostgresBinaries unpack(Path parent) {
    var archive = archiveFor(System.getProperty("os.name"), System.getProperty("os.arch"));
    var version = pinnedVersion();
    var home = parent.resolve("binaries-" + version);
    if (!Files.exists(home.resolve(MARKER))) {
      long begin = System.nanoTime();
      try {
        Files.createDirectories(parent);
        unpackInto(archive, home);
      } catch (IOException e) {
        throw FileTrouble.at(parent, e);
      }
      log.atInfo()
          .addKeyValue("version", version)
          .addKeyValue("took", Duration.ofNanos(System.nanoTime() - begin))
          .log("PostgreSQL was unpacked");
    }
    return new PostgresBinaries(home, version);
  }

  static String archiveFor(String system, String architecture) {
    var found =
        switch (architecture) {
          case "amd64", "x86_64" -> "postgres-linux-x86_64.txz";
          case "aarch64", "arm64" -> "postgres-linux-arm_64.txz";
          default -> "";
        };
    if (!system.equals("Linux") || found.isEmpty()) {
      throw new DatabaseException(
          "Mayfly brings PostgreSQL for Linux on amd64 and arm64, not for "
              + system
              + " on "
              + architecture
              + "; set mayfly.database.url to a PostgreSQL that runs elsewhere.");
    }
    return found;
  }

  static String pinnedVersion() {
    var properties = new Properties();
    try (var in = PostgresBinaries.class.getResourceAsStream("postgres.properties")) {
      if (in == null) {
        throw new IllegalStateException("postgres.properties is not on the class path");
      }
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var version = properties.getProperty("version", "");
    if (!version.matches("\\d+\\.\\d+\\.\\d+")) {
      throw new IllegalStateException("The build did not fill in the version: " + version);
    }
    return version;
  }

  private static void unpackInto(String archive, Path home) throws IOException {
    var ours = PosixFilePermissions.fromString("rwxr-xr-x");
    var unfinished =
        Files.createTempDirectory(
            home.getParent(),
            home.getFileName() + "-unfinished-",
            PosixFilePermissions.asFileAttribute(ours));
    try {
      // The umask may have taken away what other users need to read and run the programs.
      Files.setPosixFilePermissions(unfinished, ours);
      try (var in = PostgresBinaries.class.getClassLoader().getResourceAsStream(archive)) {
        if (in == null) {
          throw new IllegalStateException(archive + " is not on the class path");
        }
        extract(in, unfinished);
      }
      Files.createFile(unfinished.resolve(MARKER));
      // A rename may reach the disk before the bytes of the files do; a power cut between the two
      // would leave a folder that looks whole.
      Command.run(List.of("sync", "-f", unfinished.toString()), SYNC_TIMEOUT);
      if (Files.exists(home) && !Files.exists(home.resolve(MARKER))) {
        Trees.delete(home);
      }
      Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      // Another process was faster: its folder is as good as ours.
      if (!Files.exists(home.resolve(MARKER))) {
        throw e;
      }
    } finally {
      Trees.delete(unfinished);
    }
  }

  static void extract(InputStream archive, Path target) throws IOException {
    long total = 0;
    try (var tar =
        new TarArchiveInputStream(
            new XZInputStream(new BufferedInputStream(archive, 1 << 16), LARGEST_XZ_MEMORY_KIB))) {
      TarArchiveEntry entry;
      while ((entry = tar.getNextEntry()) != null) {
        var path = target.resolve(entry.getName()).normalize();
        if (!path.startsWith(target)) {
          throw new IOException("The archive reaches outside its folder: " + entry.getName());
        }
        Files.createDirectories(path.getParent());
        total += entry.getSize();
        if (total > LARGEST_TOTAL) {
          throw new IOException("The archive is larger than " + LARGEST_TOTAL + " bytes");
        }
        if (entry.isDirectory()) {
          Files.createDirectories(path);
        } else if (entry.isSymbolicLink()) {
          var pointed = path.resolveSibling(entry.getLinkName()).normalize();
          if (!pointed.startsWith(target)) {
            throw new IOException("A link reaches outside its folder: " + entry.getName());
          }
          Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
        } else if (isPlainFile(entry)) {
          Files.copy(tar, path);
          Files.setPosixFilePermissions(path, permissions(entry.getMode()));
        } else {
          throw new IOException("Neither file, folder nor link: " + entry.getName());
        }
      }
    }
  }

  /** Not {@code isFile()}, which says yes to a device. */
  private static boolean isPlainFile(TarArchiveEntry entry) {
    return entry.getLinkFlag() == TarConstants.LF_NORMAL
        || entry.getLinkFlag() == TarConstants.LF_OLDNORM;
  }

  private static Set<PosixFilePermission> permissions(int mode) {
    return PosixFilePermissions.fromString((mode & 0100) != 0 ? "rwxr-xr-x" : "rw-r--r--");
  }
}
