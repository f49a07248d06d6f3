package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.attempt.Preparation.Started;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestExec.ExecEnd;
import java.io.IOException;

/** What reaches the owner of an attempt. */
sealed interface AttemptMessage {
  record Prepared(Started started) implements AttemptMessage {}

  record NotPrepared(AttemptFault fault) implements AttemptMessage {}

  record PreparationBroke(RuntimeException bug) implements AttemptMessage {}

  record ExecEnded(ExecEnd end) implements AttemptMessage {}

  record GuestLost(GuestException failure) implements AttemptMessage {}

  record VmmExited(int code) implements AttemptMessage {}

  record EndRequested(EndReason reason) implements AttemptMessage {}

  record LogBroke(IOException failure) implements AttemptMessage {}

  record PingEnded(boolean answered) implements AttemptMessage {}

  record TimePassed(Alarm alarm) implements AttemptMessage {}

  /** What the owner waits for. */
  enum Alarm {
    PREPARATION_OVERDUE,
    TIME_UP,
    GRACE_OVER,
    DEATH_CERTAIN,
    PING_DUE
  }
}
