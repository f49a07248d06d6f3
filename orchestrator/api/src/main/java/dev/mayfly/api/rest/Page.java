package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One page of a list.
 *
 * @param next opaque cursor of the next page, to be passed as {@code cursor}; absent on the last
 *     page
 */
public record Page<T>(List<T> items, @Nullable String next) {}
