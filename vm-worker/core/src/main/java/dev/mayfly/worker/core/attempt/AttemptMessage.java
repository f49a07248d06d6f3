package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.exec.ExecResult;
import dev.mayfly.worker.core.guest.GuestException;
import java.io.IOException;

/** What reaches the owner of an attempt. */
sealed interface AttemptMessage {
  record Acquired(LiveGuest guest) implements AttemptMessage {}

  record NotAcquired(AttemptFault fault) implements AttemptMessage {}

  record AcquisitionBroke(RuntimeException bug) implements AttemptMessage {}

  /** The assignment of an attempt that was taken up again came once more. */
  record Supplied(AttemptSpec spec) implements AttemptMessage {}

  record BatchStarted() implements AttemptMessage {}

  record BatchEnded(ExecResult result) implements AttemptMessage {}

  /** An exec of the session began or ended since this was last taken from the mailbox. */
  record ExecsChanged() implements AttemptMessage {}

  record GuestLost(GuestException failure) implements AttemptMessage {}

  record VmmExited(int code) implements AttemptMessage {}

  record EndRequested(EndReason reason) implements AttemptMessage {}

  /** This worker process goes, and the microVM stays. */
  record DetachRequested() implements AttemptMessage {}

  record LogBroke(IOException failure) implements AttemptMessage {}

  /** So many reports wait that no more may be made. */
  record ReportsPiledUp(int count) implements AttemptMessage {}

  record PingEnded(boolean answered) implements AttemptMessage {}

  record TimePassed(Alarm alarm) implements AttemptMessage {}

  /** What the owner waits for. */
  enum Alarm {
    ACQUISITION_OVERDUE,
    TIME_UP,
    GRACE_OVER,
    DEATH_CERTAIN,
    PING_DUE,
    IDLE_DUE,
    UNCLAIMED_DUE
  }
}
