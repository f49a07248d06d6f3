package dev.mayfly.worker.core.janitor;

import dev.mayfly.worker.core.janitor.JanitorPlanner.Intended;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.util.Set;

/** Port to what this worker itself says of its attempts. Thread-safe. */
public interface WorkerClaims {

  /** Who has a slot. */
  Set<String> slots();

  /** Attempts that live though their lease ended a while ago. */
  Set<AttemptLease> overdue();

  /** What should be on this host now. */
  Intended intended();

  /** Gives a slot back. Idempotent. */
  void releaseSlot(String owner);

  /** Ends an attempt whose lease has ended. Idempotent. */
  void end(AttemptLease lease);
}
