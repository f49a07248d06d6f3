package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.vm.RunningMicroVm;

/**
 * A guest that is set up and answers.
 *
 * @param console it has no agent: the session is with its console
 * @param adopted an earlier worker process has set it up, and may have started execs
 */
record LiveGuest(RunningMicroVm vm, GuestSession session, boolean console, boolean adopted) {

  /** Whether the exec with our number had ended when the guest was greeted. */
  boolean hadEnded(int execNumber) {
    return session.hello().execs().stream()
        .anyMatch(known -> known.id() == execNumber + 1 && known.ended());
  }

  /** Whether the guest has an exec with our number, running or ended. */
  boolean knows(int execNumber) {
    return session.hello().execs().stream().anyMatch(known -> known.id() == execNumber + 1);
  }
}
