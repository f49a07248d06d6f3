package dev.mayfly.worker.daemon;

import dev.mayfly.worker.core.attempt.AdoptionPolicy;
import dev.mayfly.worker.core.attempt.AttemptJournals;
import dev.mayfly.worker.core.janitor.HostLeftovers;
import dev.mayfly.worker.core.janitor.JanitorPlanner.Intended;
import dev.mayfly.worker.core.janitor.WorkerClaims;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/**
 * What an earlier process of this worker claims until its attempts are taken up: the microVMs that
 * can be, and everything it had to deliver.
 */
record EarlierClaims(Intended intended) implements WorkerClaims {

  static EarlierClaims of(AttemptJournals journals, HostLeftovers leftovers) throws IOException {
    var living = new HashSet<AttemptLease>();
    for (var found : journals.read()) {
      if (AdoptionPolicy.choose(found) instanceof AdoptionPolicy.Choice.Adopt) {
        living.add(found.entry().terms().lease());
      }
    }
    var tracked = new HashSet<>(leftovers.spools());
    tracked.addAll(leftovers.journals());
    return new EarlierClaims(new Intended(living, tracked));
  }

  @Override
  public Set<String> slots() {
    return Set.of();
  }

  @Override
  public Set<AttemptLease> overdue() {
    return Set.of();
  }

  @Override
  public void releaseSlot(String owner) {
    throw new IllegalStateException("no slot is taken yet");
  }

  @Override
  public void end(AttemptLease lease) {
    throw new IllegalStateException("no attempt lives yet");
  }
}
