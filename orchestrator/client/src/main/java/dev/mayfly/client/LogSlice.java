package dev.mayfly.client;

/**
 * A range of a job's log.
 *
 * @param bytes as they came; not copied, belongs to the receiver
 * @param nextCursor where to continue
 * @param complete the job ended and nothing follows
 */
public record LogSlice(byte[] bytes, String nextCursor, boolean complete) {}
