package dev.mayfly.worker.daemon;

import dev.mayfly.worker.core.attempt.Attempts;
import dev.mayfly.worker.core.attempt.EndReason;
import dev.mayfly.worker.core.attempt.Outbox;
import dev.mayfly.worker.core.janitor.JanitorPlanner.Intended;
import dev.mayfly.worker.core.janitor.WorkerClaims;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.slot.SlotLedger;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

/**
 * What the attempts of this process claim.
 *
 * @param unread attempts whose spool could not be read: a person may want to look at it, until it
 *     is too old
 */
record AttemptClaims(Attempts attempts, Outbox outbox, SlotLedger ledger, Set<AttemptLease> unread)
    implements WorkerClaims {
  /** Ending takes a while: graces, and a microVM that is destroyed. */
  private static final Duration OVERDUE = Duration.ofSeconds(30);

  @Override
  public Set<String> slots() {
    return ledger.owners();
  }

  @Override
  public Set<AttemptLease> overdue() {
    return attempts.overdue(OVERDUE);
  }

  @Override
  public Intended intended() {
    // Living first: one that ends meanwhile is tracked before it is not living any more.
    var living = attempts.living();
    var tracked = new HashSet<>(outbox.tracked());
    tracked.addAll(unread);
    return new Intended(living, tracked);
  }

  @Override
  public void releaseSlot(String owner) {
    ledger.release(owner);
  }

  @Override
  public void end(AttemptLease lease) {
    attempts.end(lease, EndReason.LEASE_VOID);
  }
}
