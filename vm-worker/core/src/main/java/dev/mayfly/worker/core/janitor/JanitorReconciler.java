package dev.mayfly.worker.core.janitor;

import dev.mayfly.worker.core.janitor.JanitorPlanner.Action;
import java.io.IOException;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes what no living microVM owns. Idempotent; what fails is tried again by the next run. Not
 * to be run by two threads at once.
 */
public final class JanitorReconciler {
  private static final Logger log = LoggerFactory.getLogger(JanitorReconciler.class);

  private final HostLeftovers leftovers;
  private final Supplier<Set<String>> intended;

  /**
   * A janitor.
   *
   * @param intended names of the microVMs that live
   */
  public JanitorReconciler(HostLeftovers leftovers, Supplier<Set<String>> intended) {
    this.leftovers = leftovers;
    this.intended = intended;
  }

  /** Looks once; returns how many things it removed. */
  public int reconcile() throws InterruptedException {
    int removed = 0;
    try {
      // The actual state first: see JanitorPlanner.plan.
      var processes = leftovers.processes();
      var directories = leftovers.directories();
      var plan = JanitorPlanner.plan(intended.get(), leftovers.root(), processes, directories);
      for (var action : plan) {
        if (act(action)) {
          removed++;
        }
      }
    } catch (IOException failure) {
      log.atWarn().setCause(failure).log("Janitor could not look at the host");
    }
    return removed;
  }

  private boolean act(Action action) throws InterruptedException {
    try {
      switch (action) {
        case Action.Kill(var process) -> leftovers.kill(process);
        case Action.RemoveDirectory(var directory) -> leftovers.removeDirectory(directory);
      }
      log.atInfo().addKeyValue("what", action).log("Janitor removed what no microVM owned");
      return true;
    } catch (IOException failure) {
      log.atWarn().addKeyValue("what", action).setCause(failure).log("Janitor could not remove");
      return false;
    }
  }
}
