package dev.mayfly.core.exec;

import dev.mayfly.api.Outcome;
import java.time.Instant;

/** Where an exec is. */
public sealed interface ExecState {

  /** Stored; its worker has not said that it runs. */
  record Pending() implements ExecState {}

  /** It runs in the guest. */
  record Started(Instant at) implements ExecState {}

  /**
   * Over for good.
   *
   * @param logChunks its last output is at or before this sequence of the attempt's log
   */
  record Ended(Outcome outcome, long logChunks, Instant at) implements ExecState {}
}
