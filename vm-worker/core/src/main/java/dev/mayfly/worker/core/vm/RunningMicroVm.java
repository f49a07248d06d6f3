package dev.mayfly.worker.core.vm;

import dev.mayfly.worker.core.guest.GuestChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** A microVM whose VMM process has been started. Thread-safe. */
public interface RunningMicroVm {

  /** What the exit code is when nobody can know it: the VMM was started by another process. */
  int UNKNOWN_EXIT = -1;

  /** The process of the VMM on the host. */
  VmmIdentity identity();

  /** Process id of the VMM on the host; 0 when it has none (simulated). */
  default long pid() {
    return identity().pid();
  }

  /**
   * Connects to the guest's channel. The VMM listens, so this works again after a disconnect, and
   * from a restarted worker; one connection at a time.
   *
   * @param timeout how long to wait for the VMM to listen (not for the guest to answer)
   * @throws IOException when the VMM is gone or does not listen in time
   */
  GuestChannel connect(Duration timeout) throws IOException, InterruptedException;

  /**
   * Completes when the VMM process has ended, with its exit code or {@link #UNKNOWN_EXIT}; never
   * exceptionally.
   */
  CompletableFuture<Integer> exited();

  /**
   * Connects to the console of a guest whose console is its job's output; it does not begin to run
   * before that. As {@link #connect}, it works again from a restarted worker; what the guest says
   * while nobody is connected is lost.
   *
   * @throws IOException when the VMM is gone or does not listen in time
   */
  default GuestChannel connectConsole(Duration timeout) throws IOException, InterruptedException {
    throw new IOException("the console of this microVM is not for its job");
  }

  /** Of a VMM that has {@link #exited}: whether it ended as its guest asked, by a power-off. */
  default boolean endedInOrder() {
    return exited().getNow(UNKNOWN_EXIT) == 0;
  }

  /** Whether the guest's kernel has said, as Linux does, that it cannot go on. */
  default boolean panicked() {
    return console().contains("Kernel panic");
  }

  /**
   * Kills the VMM at once, waits until the process is gone and removes what {@link Hypervisor#boot}
   * made. Idempotent. The disks of the spec are not its to remove.
   */
  void destroy();

  /**
   * The last lines the VMM itself printed (never guest output), for error messages; at most 2000
   * characters; empty for one that was adopted.
   */
  String diagnostics();

  /**
   * The last characters of what the guest's kernel said on its console, for a person who asks why a
   * guest died. Guest output: never for logs.
   */
  default String console() {
    return "";
  }
}
