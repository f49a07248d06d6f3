package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.Outcome;

/** What happened to an attempt. */
public sealed interface AttemptEvent {

  /** The worker has begun with it. */
  record Preparing() implements AttemptEvent {}

  /**
   * The command runs.
   *
   * @param vmm VMM, version and accelerator
   */
  record Running(String guestKernel, String vmm) implements AttemptEvent {}

  /** An exec of the session runs. */
  record ExecStarted(int number) implements AttemptEvent {}

  /**
   * An exec of the session is over.
   *
   * @param outcome Exited or Faulted
   * @param logChunks its last output is at or before this sequence
   */
  record ExecEnded(int number, Outcome outcome, long logChunks) implements AttemptEvent {}

  /**
   * Its microVM is destroyed and its log is complete.
   *
   * @param logChunks how many chunks the log has: sequences 1 to this
   * @param peakMemoryKib 0 when unknown
   */
  record Finished(Outcome outcome, long logChunks, long logBytes, long peakMemoryKib)
      implements AttemptEvent {}
}
