package dev.mayfly.api.rest;

/**
 * One server-sent event of {@code GET /api/v1/jobs/{id}/log/events}: a piece of the log.
 *
 * @param cursor where a reader continues after this piece; also the event's id
 * @param stream a {@link dev.mayfly.api.LogStream} name
 * @param at RFC 3339, UTC
 * @param data the bytes, base64 (a log is bytes, not text)
 */
public record LogEvent(String cursor, String stream, String at, String data) {}
