package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * Asks for a build of an image.
 *
 * @param image the name it is built for; required
 * @param source what it is built of, in the one-line form of an image source; absent: what the
 *     image's policy says, else the recipe of exactly that name, else the name in its registry
 * @param kernel {@code stock} or {@code minimal}; absent: what the policy says, else the builder's
 *     default
 * @param force build also when the source is still what the name's bundle was made of; absent:
 *     false
 */
public record ImageBuildRequest(
    @Nullable String image,
    @Nullable String source,
    @Nullable String kernel,
    @Nullable Boolean force) {
  public static final int MAX_SOURCE = 4096;
}
