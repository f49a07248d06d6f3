package dev.mayfly.api.rest;

/**
 * What a name pointed to, and since when.
 *
 * @param number from 1 per name
 * @param cause {@code PUBLISHED}, {@code FIRST_USE}, {@code REQUESTED}, {@code SCHEDULED}, {@code
 *     UPSTREAM_MOVED} or {@code ROLLED_BACK}
 * @param current whether it is what the name points to now
 * @param servable whether the orchestrator can serve the bundle
 */
public record ImageVersionView(
    String image,
    int number,
    String bundleDigest,
    String architecture,
    long sizeBytes,
    String cause,
    String publishedAt,
    boolean current,
    boolean servable) {}
