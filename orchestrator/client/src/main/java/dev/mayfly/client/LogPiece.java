package dev.mayfly.client;

import dev.mayfly.api.LogStream;

/**
 * A piece of a job's log.
 *
 * @param cursor where a reader continues after it
 * @param at RFC 3339, UTC
 * @param bytes as the job wrote them; not copied, belongs to the receiver
 */
public record LogPiece(String cursor, LogStream stream, String at, byte[] bytes) {}
