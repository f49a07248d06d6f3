package dev.mayfly.worker.core.janitor;

import dev.mayfly.worker.core.janitor.JanitorPlanner.Action;
import dev.mayfly.worker.core.janitor.JanitorPlanner.Actual;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes this host hold what its attempts own, and nothing else. Idempotent; what fails is tried
 * again by the next run. Not to be run by two threads at once.
 */
public final class JanitorReconciler {
  private static final Logger log = LoggerFactory.getLogger(JanitorReconciler.class);

  private final HostLeftovers leftovers;
  private final WorkerClaims claims;

  public JanitorReconciler(HostLeftovers leftovers, WorkerClaims claims) {
    this.leftovers = leftovers;
    this.claims = claims;
  }

  /** Looks once; returns how many things it put right. */
  public int reconcile() throws InterruptedException {
    int done = 0;
    try {
      // The actual state first: see JanitorPlanner.plan.
      var actual =
          new Actual(
              leftovers.root(),
              leftovers.processes(),
              leftovers.directories(),
              claims.slots(),
              claims.overdue(),
              leftovers.spools(),
              leftovers.journals());
      for (var action : JanitorPlanner.plan(claims.intended(), actual)) {
        if (act(action)) {
          done++;
        }
      }
    } catch (IOException failure) {
      log.atWarn().setCause(failure).log("Janitor could not look at the host");
    }
    return done;
  }

  private boolean act(Action action) throws InterruptedException {
    try {
      switch (action) {
        case Action.Kill(var process) -> leftovers.kill(process);
        case Action.RemoveDirectory(var directory) -> leftovers.removeDirectory(directory);
        case Action.ReleaseSlot(var owner) -> claims.releaseSlot(owner);
        case Action.EndAttempt(var lease) -> claims.end(lease);
        case Action.RemoveSpool(var lease) -> leftovers.removeSpool(lease);
        case Action.RemoveJournal(var lease) -> leftovers.removeJournal(lease);
      }
      log.atInfo().addKeyValue("what", action).log("Janitor removed what no attempt owned");
      return true;
    } catch (IOException failure) {
      log.atWarn().addKeyValue("what", action).setCause(failure).log("Janitor could not remove");
      return false;
    }
  }
}
