package dev.mayfly.worker.core.guest;

import java.time.Duration;
import java.util.List;

/** What the agent answered to HELLO; every string is cut to 255 characters and printable. */
public record GuestHello(
    int protocolVersion,
    Duration uptime,
    String agentVersion,
    String kernelRelease,
    String architecture,
    SetupState setupState,
    List<KnownExec> execs) {

  public GuestHello {
    execs = List.copyOf(execs);
  }

  /** Whether SETUP has been done in this guest. */
  public enum SetupState {
    NONE,
    DONE,
    FAILED
  }

  /** An exec the guest has not forgotten. Offsets in bytes. */
  public record KnownExec(
      int id,
      boolean ended,
      long stdoutAcknowledged,
      long stdoutProduced,
      long stderrAcknowledged,
      long stderrProduced,
      long stdinAccepted) {}
}
