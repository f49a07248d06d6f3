package dev.mayfly.worker.core.log;

import dev.mayfly.api.LogStream;

/**
 * One stream of one exec.
 *
 * @param exec its number; 0: the batch's, or not an exec's
 */
public record ExecStream(int exec, LogStream stream) {}
