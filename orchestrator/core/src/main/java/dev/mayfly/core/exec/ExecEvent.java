package dev.mayfly.core.exec;

import dev.mayfly.api.Outcome;
import java.time.Instant;

/** What can happen to an exec. */
public sealed interface ExecEvent {

  /** Its worker reported that it runs. */
  record Started(Instant at) implements ExecEvent {}

  /**
   * Its worker reported its end.
   *
   * @param outcome Exited or Faulted
   */
  record Ended(Outcome outcome, long logChunks, Instant at) implements ExecEvent {}

  /**
   * The attempt in whose microVM it is has ended, however that came.
   *
   * @param logChunks of the attempt in all
   */
  record AttemptEnded(Outcome outcome, long logChunks, Instant at) implements ExecEvent {}
}
