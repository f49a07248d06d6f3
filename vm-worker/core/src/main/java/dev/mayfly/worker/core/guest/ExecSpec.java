package dev.mayfly.worker.core.guest;

import java.util.List;

/**
 * A command for the guest.
 *
 * @param command argv, at least one
 * @param environment {@code NAME=value}
 * @param workingDirectory absolute
 * @param makeWorkingDirectory make it, owned by the user, when absent
 * @param user name, uid or uid:gid; empty: root
 * @param stdinOpen stdin stays open for {@link GuestExec#stdin}, else it is {@code /dev/null}
 */
public record ExecSpec(
    List<String> command,
    List<String> environment,
    String workingDirectory,
    boolean makeWorkingDirectory,
    String user,
    boolean stdinOpen,
    int umask) {

  public ExecSpec {
    command = List.copyOf(command);
    environment = List.copyOf(environment);
    if (command.isEmpty()) {
      throw new IllegalArgumentException("command is empty");
    }
  }

  /** The environment may hold secrets. */
  @Override
  public String toString() {
    return "ExecSpec[" + command.size() + " arguments, user=" + user + "]";
  }
}
