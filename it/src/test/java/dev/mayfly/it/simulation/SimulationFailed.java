package dev.mayfly.it.simulation;

import java.util.List;

/** A seed that failed: which, where, what came before, and how to see it again. */
final class SimulationFailed extends AssertionError {
  private static final long serialVersionUID = 1L;

  private final long seed;

  SimulationFailed(long seed, long step, List<String> lastEvents, Throwable cause) {
    super(
        "seed "
            + seed
            + " failed at step "
            + step
            + ": "
            + cause.getMessage()
            + "\nlast events:\n  "
            + String.join("\n  ", lastEvents)
            + "\nrun it again: mvn -B -o test -pl it -am -Dtest=SimulationTest"
            + " -Dsurefire.failIfNoSpecifiedTests=false -Dmayfly.simulation.seed="
            + seed,
        cause);
    this.seed = seed;
  }

  long seed() {
    return seed;
  }
}
