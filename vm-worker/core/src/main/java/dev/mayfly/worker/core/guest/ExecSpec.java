package dev.mayfly.worker.core.guest;

import java.util.List;

/**
 * What the guest is to execute: a command, or a transfer of files by the agent itself.
 *
 * @param command argv, at least one; of a transfer, the absolute path and nothing else
 * @param environment {@code NAME=value}
 * @param workingDirectory absolute
 * @param makeWorkingDirectory make it, owned by the user, when absent
 * @param user name, uid or uid:gid; empty: root
 * @param stdinOpen stdin stays open for {@link GuestExec#stdin}, else it is {@code /dev/null}
 */
public record ExecSpec(
    Kind kind,
    List<String> command,
    List<String> environment,
    String workingDirectory,
    boolean makeWorkingDirectory,
    String user,
    boolean stdinOpen,
    int umask) {

  /** As most images have it. */
  private static final int TRANSFER_UMASK = 0022;

  /** What an exec does. */
  public enum Kind {
    /** Runs a program. */
    COMMAND,
    /** Reads a tar archive from stdin and puts it below the directory named. */
    UNPACK,
    /** Writes a tar archive of the file or directory named to stdout. */
    PACK
  }

  /** How a transfer ended, as its exit code; every other code is a bug or a signal. */
  public static final int TRANSFER_GOOD = 0;

  /** The file system refused (full, forbidden), or not all could be packed; stderr says what. */
  public static final int TRANSFER_FAILED = 1;

  /** The archive is malformed or wants out of its directory, or the path is not there. */
  public static final int TRANSFER_REFUSED = 2;

  public ExecSpec {
    command = List.copyOf(command);
    environment = List.copyOf(environment);
    if (command.isEmpty()) {
      throw new IllegalArgumentException("command is empty");
    }
    if (kind != Kind.COMMAND) {
      if (command.size() != 1 || !command.getFirst().startsWith("/")) {
        throw new IllegalArgumentException("path of a transfer is not absolute; give one like /w");
      }
      if (stdinOpen != (kind == Kind.UNPACK)) {
        throw new IllegalArgumentException("stdin is open to unpack, and only then");
      }
    }
  }

  /** A command. */
  public ExecSpec(
      List<String> command,
      List<String> environment,
      String workingDirectory,
      boolean makeWorkingDirectory,
      String user,
      boolean stdinOpen,
      int umask) {
    this(
        Kind.COMMAND,
        command,
        environment,
        workingDirectory,
        makeWorkingDirectory,
        user,
        stdinOpen,
        umask);
  }

  /**
   * Unpacks the tar archive that is written to its stdin (ustar, GNU or pax) below a directory,
   * which is made, owned by the user, when absent. Nothing is written elsewhere, whatever the
   * archive says.
   *
   * @param directory absolute
   * @param user whose files they become; of root, the owners are the archive's
   */
  public static ExecSpec unpack(String directory, String user) {
    return new ExecSpec(
        Kind.UNPACK, List.of(directory), List.of(), directory, true, user, true, TRANSFER_UMASK);
  }

  /**
   * Packs a file or directory to its stdout; the entry on top has the path's last name.
   *
   * @param path absolute; a symbolic link at its end is packed as one
   * @param user as whom the files are read
   */
  public static ExecSpec pack(String path, String user) {
    return new ExecSpec(
        Kind.PACK, List.of(path), List.of(), "/", false, user, false, TRANSFER_UMASK);
  }

  /** The environment may hold secrets. */
  @Override
  public String toString() {
    return "ExecSpec[" + kind + ", " + command.size() + " arguments, user=" + user + "]";
  }
}
