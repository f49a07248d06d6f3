package dev.mayfly.worker.core.exec;

import dev.mayfly.api.Outcome;

/**
 * How an exec ended.
 *
 * @param outcome Exited or Faulted, never Cancelled
 * @param logChunks its last output is at or before this sequence of the attempt's log
 * @param peakMemoryKib 0 when unknown
 * @param leftProcesses it ended, but processes it left behind still held its output open; they were
 *     killed
 */
public record ExecResult(
    int number, Outcome outcome, long logChunks, long peakMemoryKib, boolean leftProcesses) {}
