package dev.mayfly.db;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of the embedded PostgreSQL. For the holder of the {@link DirectoryLock} only.
 *
 * @param directory where they all are
 */
record DataDirectory(Path directory) {
  private static final Logger log = LoggerFactory.getLogger(DataDirectory.class);

  /** initdb writes 40 MiB and syncs them. */
  private static final Duration INIT_TIMEOUT = Duration.ofMinutes(3);

  /** A server whose Mayfly was killed writes one checkpoint before it ends. */
  private static final Duration PREDECESSOR_TIMEOUT = Duration.ofSeconds(30);

  /** The database files, whole: they come by a rename. */
  Path data() {
    return directory.resolve("data");
  }

  Path logFile() {
    return directory.resolve("postgres.log");
  }

  /** Only the launcher knows this one. */
  PasswordFile superuserPassword() {
    return new PasswordFile(directory.resolve("superuser-password"));
  }

  /** Of the role that owns Mayfly's database and has no other right. */
  PasswordFile password() {
    return new PasswordFile(directory.resolve("password"));
  }

  /** Makes sure that the directory is there and ours to write. */
  static DataDirectory create(Path directory) {
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw FileTrouble.at(directory, e);
    }
    if (!Files.isWritable(directory)) {
      throw new DatabaseException(FileTrouble.unwritable(directory));
    }
    return new DataDirectory(directory);
  }

  /**
   * Makes the files ready for a server of this version and identity. Must be called on the {@link
   * ParentThread}.
   *
   * @throws DatabaseException when they are of another version, of another user, or in use
   */
  void prepare(ServerIdentity identity, PostgresBinaries binaries) {
    try {
      if (Files.exists(data())) {
        checkOwner(identity);
        checkVersion(binaries);
        if (!superuserPassword().exists()) {
          throw new DatabaseException(
              "The password of the embedded PostgreSQL, "
                  + superuserPassword().file()
                  + ", is gone; put it back from a backup.");
        }
        new Predecessor(data()).awaitEnd(PREDECESSOR_TIMEOUT);
        adopt(identity);
      } else {
        initialize(identity, binaries);
      }
    } catch (IOException e) {
      throw FileTrouble.at(directory, e);
    }
  }

  private void checkVersion(PostgresBinaries binaries) throws IOException {
    var file = data().resolve("PG_VERSION");
    if (!Files.exists(file)) {
      throw new DatabaseException(
          data() + " is not the data of a PostgreSQL: it has no file PG_VERSION. Move it away.");
    }
    var found = Files.readString(file).strip();
    if (!found.equals(binaries.major())) {
      throw new DatabaseException(
          "The data in "
              + data()
              + " belongs to PostgreSQL "
              + found
              + ", but this Mayfly brings PostgreSQL "
              + binaries.major()
              + "; start the Mayfly that wrote it and dump the data, or move the directory away.");
    }
  }

  /** Before anything in there is read: what belongs to another user cannot be. */
  private void checkOwner(ServerIdentity identity) throws IOException {
    int owner = Trees.owner(data());
    if (identity.kind() == ServerIdentity.Kind.SAME_USER && owner != identity.user()) {
      throw new DatabaseException(
          "The data in "
              + data()
              + " belongs to user id "
              + owner
              + ", but Mayfly runs as user id "
              + identity.user()
              + "; start it as that user, or change the owner of "
              + directory
              + ".");
    }
  }

  /** Gives the data to the server's user: the way in which root runs it may have changed. */
  private void adopt(ServerIdentity identity) throws IOException {
    int owner = Trees.owner(data());
    if (owner != identity.user()) {
      Trees.changeOwner(data(), identity.user());
      log.atInfo()
          .addKeyValue("from", owner)
          .addKeyValue("to", identity.user())
          .log("The data directory changed its owner");
    }
  }

  private void initialize(ServerIdentity identity, PostgresBinaries binaries) throws IOException {
    long begin = System.nanoTime();
    var unfinished = directory.resolve("data-unfinished");
    var passwordCopy = new PasswordFile(directory.resolve("initdb-password"));
    Trees.delete(unfinished);
    try {
      Files.createDirectory(
          unfinished,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      passwordCopy.write(superuserPassword().readOrCreate());
      if (identity.kind() != ServerIdentity.Kind.SAME_USER) {
        Trees.give(unfinished, identity.user());
        Trees.give(passwordCopy.file(), identity.user());
      }
      var initdb =
          List.of(
              binaries.program("initdb").toString(),
              "--pgdata=" + unfinished,
              "--username=" + LocalServer.SUPERUSER,
              "--pwfile=" + passwordCopy.file(),
              "--auth=scram-sha-256",
              "--data-checksums",
              "--encoding=UTF8",
              // Collation from PostgreSQL itself: with the C library's, an upgrade of that library
              // would leave indexes in the wrong order.
              "--locale=C",
              "--locale-provider=builtin",
              "--builtin-locale=C.UTF-8",
              // Otherwise a killed server leaves segments in /dev/shm, outside of our directory.
              "--set=dynamic_shared_memory_type=mmap");
      var result =
          Command.run(identity.arguments(ServerIdentity.DeathSignal.TERM, initdb), INIT_TIMEOUT);
      if (result.exit() != 0) {
        throw failed(result.output());
      }
      Files.move(unfinished, data(), StandardCopyOption.ATOMIC_MOVE);
      try (var channel = FileChannel.open(directory)) {
        channel.force(true);
      }
    } finally {
      Files.deleteIfExists(passwordCopy.file());
      Trees.delete(unfinished);
    }
    log.atInfo()
        .addKeyValue("data", data())
        .addKeyValue("took", Duration.ofNanos(System.nanoTime() - begin))
        .log("The embedded PostgreSQL was initialized");
  }

  private DatabaseException failed(String output) {
    var known = FileTrouble.known(directory, output);
    return new DatabaseException(
        known != null
            ? known
            : "The data of the embedded PostgreSQL could not be initialized: " + errors(output));
  }

  /** The lines of a server's output that say what went wrong. */
  static String errors(String output) {
    var lines =
        output
            .lines()
            .filter(line -> line.matches(".*(error|ERROR|FATAL|PANIC|HINT): .*"))
            .map(line -> line.replaceFirst("^.*?(error|ERROR|FATAL|PANIC|HINT): +", ""))
            .toList();
    return lines.isEmpty() ? output.strip() : String.join(" · ", lines);
  }
}
