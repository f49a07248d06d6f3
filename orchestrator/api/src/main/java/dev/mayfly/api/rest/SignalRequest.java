package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST .../signal}.
 *
 * @param signal a name such as {@code TERM}, or a number from 1 to 64; required
 * @param everything to all that the exec has started; default false: to its first process only
 */
public record SignalRequest(@Nullable Object signal, @Nullable Boolean everything) {}
