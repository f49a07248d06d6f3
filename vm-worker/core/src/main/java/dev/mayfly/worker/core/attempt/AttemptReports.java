package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.lease.AttemptLease;

/** Port to where reports about attempts go. Thread-safe; must not block. */
interface AttemptReports {

  /** Takes a report; it is delivered at least once. */
  void report(AttemptReport report);

  /** Nothing more is reported about this attempt: its lease is void. */
  void drop(AttemptLease lease);
}
