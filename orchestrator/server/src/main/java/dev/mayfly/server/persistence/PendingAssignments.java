package dev.mayfly.server.persistence;

import dev.mayfly.api.WorkerId;
import dev.mayfly.core.job.Job;
import java.util.Collection;
import java.util.List;

/** Port: what workers may not know yet. Safe for use by several threads. */
public interface PendingAssignments {

  /**
   * Active jobs on these workers that nobody has reported on yet, or whose end is wanted; in one
   * question to the database, however many workers.
   */
  List<Job> pendingOn(Collection<WorkerId> workers);
}
