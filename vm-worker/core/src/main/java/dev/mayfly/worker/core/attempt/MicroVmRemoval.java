package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.undo.Undo;
import dev.mayfly.worker.core.undo.UndoException;
import dev.mayfly.worker.core.vm.MicroVm;
import dev.mayfly.worker.core.vm.MicroVmEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes a microVM and all it has off this host; what resists is left to the janitor. */
final class MicroVmRemoval {
  /** How often undoing is tried before what is left is the janitor's. */
  private static final int TRIES = 3;

  private static final Logger log = LoggerFactory.getLogger(MicroVmRemoval.class);

  private MicroVmRemoval() {}

  static void remove(AttemptLease lease, MicroVm microVm, Undo undo) {
    microVm.advance(MicroVmEvent.STOPPED);
    for (int attempt = 1; attempt <= TRIES; attempt++) {
      try {
        undo.close();
        microVm.advance(MicroVmEvent.REMOVED);
        return;
      } catch (UndoException failure) {
        if (attempt == TRIES) {
          log.atError()
              .addKeyValue("attempt", lease)
              .addKeyValue("vm", microVm.name())
              .setCause(failure)
              .log("MicroVM was not removed; the janitor will try again");
        }
      }
    }
  }
}
