package dev.mayfly.worker.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One process, told apart from a later one with the same pid.
 *
 * @param pid as this process sees it
 * @param startTicks when it started, in clock ticks since boot (field 22 of {@code
 *     /proc/<pid>/stat})
 */
public record ProcessIdentity(long pid, long startTicks) {
  // The same numbers on x86_64 and aarch64 (asm-generic/unistd.h).
  private static final long SYS_PIDFD_SEND_SIGNAL = 424;
  private static final long SYS_PIDFD_OPEN = 434;
  private static final long SIGKILL = 9;

  /** The process that has this pid now; empty when there is none or it is only a zombie. */
  public static Optional<ProcessIdentity> of(long pid) {
    String stat;
    try {
      stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return Optional.empty();
    }
    return parse(pid, stat);
  }

  static Optional<ProcessIdentity> parse(long pid, String stat) {
    // The second field is the program's name in parentheses, which may hold anything.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
    if (fields.length < 20 || fields[0].equals("Z") || fields[0].equals("X")) {
      return Optional.empty();
    }
    return Optional.of(new ProcessIdentity(pid, Long.parseLong(fields[19])));
  }

  public boolean isAlive() {
    return of(pid).equals(Optional.of(this));
  }

  /**
   * Sends SIGKILL to this very process. The pidfd is taken first and the start time compared after,
   * so a pid that was given to another process in between is never hit.
   *
   * @return false when it was gone already
   * @throws SystemCallException when it may not be killed
   */
  public boolean kill() throws SystemCallException {
    LibC library = LibC.load();
    int descriptor = (int) library.syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0);
    if (descriptor < 0) {
      SystemCallException failed = SystemCallException.last(library, "pidfd_open");
      // EINVAL: the number belongs to a thread now, so the process is gone.
      if (failed.errno() == SystemCallException.ESRCH
          || failed.errno() == SystemCallException.EINVAL) {
        return false;
      }
      throw failed;
    }
    try {
      if (!isAlive()) {
        return false;
      }
      if (library.syscall(SYS_PIDFD_SEND_SIGNAL, descriptor, SIGKILL, 0, 0) < 0) {
        SystemCallException failed = SystemCallException.last(library, "pidfd_send_signal");
        if (failed.errno() == SystemCallException.ESRCH) {
          return false;
        }
        throw failed;
      }
      return true;
    } finally {
      library.close(descriptor);
    }
  }
}
