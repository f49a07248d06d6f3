package dev.mayfly.db;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * As whom the server runs. PostgreSQL refuses to run as root, so root has to become somebody else;
 * how that can be done depends on what the machine allows root to do.
 *
 * @param kind the way that was found
 * @param user owner of the server's files as we see them
 */
record ServerIdentity(Kind kind, int user) {
  private static final int ROOT = 0;

  /** nobody: every Linux has it, and the server's password file lookup needs a user with a name. */
  private static final int NOBODY = 65534;

  /** capability.h: number 5. */
  private static final long CAP_KILL = 1L << 5;

  /** Loading the server from a cold disk. */
  private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(30);

  private static final String DROP_TO_NOBODY =
      "setpriv --reuid " + NOBODY + " --regid " + NOBODY + " --clear-groups --no-new-privs ";

  /** The ways, in the order in which they are tried. */
  enum Kind {
    /** We are an ordinary user, and so is the server. */
    SAME_USER("setpriv --no-new-privs"),

    /**
     * In a user namespace without a mapping the server has no name for its user id and no
     * capability, while to everyone else its files belong to root as before. Refused inside a
     * chroot (clone(2), EPERM) and by the default seccomp profile of containers.
     */
    UNMAPPED("unshare -U setpriv --no-new-privs"),

    /** The user nobody, without any right; needs a path that everyone may walk. */
    NOBODY_PLAIN(DROP_TO_NOBODY + "--bounding-set=-all --inh-caps=-all"),

    /**
     * The user nobody, which in addition may walk closed directories (root's home is one) and read.
     * The capability is more than we want, but less than UNMAPPED has, which owns root's files; a
     * private bind mount would need a mount point of its own to be private, and a chroot has none.
     * no_setuid_fixup, because access(2) leaves capabilities aside without it, and PostgreSQL asks
     * access(2) whether it may run itself.
     */
    NOBODY_READER(
        DROP_TO_NOBODY
            + "--securebits=+no_setuid_fixup --bounding-set=-all,+dac_read_search"
            + " --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search");

    private final String command;

    Kind(String command) {
      this.command = command;
    }

    private List<String> prefix() {
      return List.of(command.split(" "));
    }
  }

  /**
   * Ends the program at once when its parent died before the death signal was asked for; nothing
   * would ever signal it otherwise.
   */
  private static final String STILL_HAS_PARENT =
      "test \"$PPID\" = \"$1\" || exit 99; shift; exec \"$@\"";

  /** The ways that are open to the user that we are. */
  static List<Kind> kinds() {
    return currentUser() == ROOT
        ? List.of(Kind.UNMAPPED, Kind.NOBODY_PLAIN, Kind.NOBODY_READER)
        : List.of(Kind.SAME_USER);
  }

  private static int currentUser() {
    return (int) new UnixSystem().getUid();
  }

  /**
   * Tries the ways on the real directory and the real server program.
   *
   * @throws DatabaseException when none works, saying why each failed
   */
  static ServerIdentity choose(Path directory, PostgresBinaries binaries, List<Kind> kinds) {
    int user = currentUser();
    var reasons = new LinkedHashSet<String>();
    for (var kind : kinds) {
      var reason = refusal(kind, directory, binaries);
      if (reason.isEmpty()) {
        return new ServerIdentity(kind, owner(kind, user));
      }
      reasons.add(reason);
    }
    throw new DatabaseException(
        (user == ROOT
                ? "PostgreSQL does not run as root, and root cannot run it as somebody else here ("
                : "PostgreSQL does not run here (")
            + String.join("; ", reasons)
            + ")."
            + (user == ROOT
                ? " Start Mayfly as an ordinary user, set MAYFLY_HOME to a directory that every"
                    + " user may walk to, or set mayfly.database.url."
                : ""));
  }

  private static int owner(Kind kind, int user) {
    return switch (kind) {
      case SAME_USER, UNMAPPED -> user;
      case NOBODY_PLAIN, NOBODY_READER -> NOBODY;
    };
  }

  /** Why the way is closed, or empty. */
  private static String refusal(Kind kind, Path directory, PostgresBinaries binaries) {
    if (owner(kind, ROOT) == NOBODY && !maySignalOthers()) {
      return kind.prefix().getFirst() + ": without CAP_KILL nobody's server could not be stopped";
    }
    if (kind == Kind.NOBODY_PLAIN) {
      letWalk(directory);
    }
    var arguments = new ArrayList<>(kind.prefix());
    arguments.addAll(
        List.of(
            "sh",
            "-c",
            "cd \"$1\" && exec \"$2\" --version",
            "sh",
            directory.toString(),
            binaries.program("postgres").toString()));
    var result = Command.run(arguments, PROBE_TIMEOUT);
    if (result.exit() == 0 && result.output().contains("(PostgreSQL) " + binaries.major() + ".")) {
      return "";
    }
    return kind.prefix().getFirst() + ": " + lastLine(result.output());
  }

  /** The death signal too is sent with our rights: without this one the server would outlive us. */
  private static boolean maySignalOthers() {
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .filter(line -> line.startsWith("CapEff:"))
          .map(line -> Long.parseUnsignedLong(line.substring("CapEff:".length()).strip(), 16))
          .allMatch(capabilities -> (capabilities & CAP_KILL) != 0);
    } catch (IOException | UncheckedIOException e) {
      // Without /proc there is no container that takes capabilities away either.
      return true;
    }
  }

  /** What is in there has permissions of its own; only its name must be reachable. */
  private static void letWalk(Path directory) {
    try {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    } catch (IOException e) {
      throw FileTrouble.at(directory, e);
    }
  }

  private static String lastLine(String text) {
    return text.substring(text.lastIndexOf('\n') + 1).strip();
  }

  /** The arguments that run a program as this identity. */
  List<String> arguments(DeathSignal signal, List<String> program) {
    // A session of its own: Ctrl-C in the terminal is for us, and we stop the server when we are
    // done with it.
    var all = new ArrayList<>(List.of("setsid"));
    all.addAll(kind.prefix());
    all.addAll(List.of("--pdeathsig", signal.name()));
    all.addAll(List.of("sh", "-c", STILL_HAS_PARENT, "sh"));
    all.add(String.valueOf(ProcessHandle.current().pid()));
    all.addAll(program);
    return all;
  }

  /** What the program gets when its parent thread ends. */
  enum DeathSignal {
    /** To the server: a fast shutdown (rolls back, writes a checkpoint). */
    INT,
    /** To a command that is of no use without us. */
    TERM
  }
}
