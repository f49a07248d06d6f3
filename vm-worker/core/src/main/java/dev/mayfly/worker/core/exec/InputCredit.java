package dev.mayfly.worker.core.exec;

import dev.mayfly.worker.core.lease.AttemptLease;

/**
 * How much input an exec takes.
 *
 * @param offset everything before is with the process, or is not wanted
 * @param limit no byte at or beyond this offset may be sent
 */
public record InputCredit(AttemptLease lease, int number, long offset, long limit) {}
