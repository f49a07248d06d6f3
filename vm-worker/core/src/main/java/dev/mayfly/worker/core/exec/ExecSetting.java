package dev.mayfly.worker.core.exec;

import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.time.Timers;
import java.time.Duration;
import java.util.Map;
import java.util.Set;

/**
 * Where the execs of an attempt run.
 *
 * @param session the guest is set up
 * @param log has learned the secrets of the assignment
 * @param startLimit how long the guest may take to say that an exec runs
 * @param ended execs whose end an earlier worker process has told, and which must not run again
 * @param marks of execs that an earlier worker process has started
 */
public record ExecSetting(
    AttemptLease lease,
    GuestSession session,
    AttemptLog log,
    Timers timers,
    ExecDefaults defaults,
    Shape shape,
    Duration startLimit,
    Set<Integer> ended,
    Map<Integer, ExecMark> marks) {

  public ExecSetting {
    ended = Set.copyOf(ended);
    marks = Map.copyOf(marks);
  }
}
