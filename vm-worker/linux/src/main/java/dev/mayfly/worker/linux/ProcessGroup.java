package dev.mayfly.worker.linux;

/** A process and what it started, as long as none of it left the group. */
public final class ProcessGroup {
  private static final int SIGKILL = 9;

  private ProcessGroup() {}

  /**
   * Kills a process that makes itself a group's leader before it starts others (as coreutils'
   * {@code timeout} does), wherever in that it is. Idempotent.
   *
   * @param leader a child of this process
   */
  public static void kill(long leader) {
    LibC library = LibC.load();
    int pid = Math.toIntExact(leader);
    library.kill(-pid, SIGKILL);
    // It may not have been a leader yet; or it became one and started another just now. When it is
    // dead it starts no more, so the second look at the group is the last.
    library.kill(pid, SIGKILL);
    library.kill(-pid, SIGKILL);
  }
}
