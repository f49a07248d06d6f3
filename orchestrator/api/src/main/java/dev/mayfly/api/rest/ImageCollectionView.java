package dev.mayfly.api.rest;

import java.util.List;

/**
 * What {@code POST /api/v1/image-collections} removed.
 *
 * @param versions how many entries of the history of names
 * @param bundles digests of bundles nothing needed any more
 * @param blobs how many files
 * @param bytes of those files
 * @param complete false: there is more; ask again
 */
public record ImageCollectionView(
    int versions, List<String> bundles, int blobs, long bytes, boolean complete) {}
