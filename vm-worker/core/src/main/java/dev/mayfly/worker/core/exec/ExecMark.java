package dev.mayfly.worker.core.exec;

/**
 * What a restarted worker has to know of an exec that goes on.
 *
 * @param startedAt when its timeout began to count, on the monotonic clock
 * @param lastSignal the last request for a signal that reached the guest; 0: none
 */
public record ExecMark(long startedAt, long lastSignal) {}
