package dev.mayfly.api.rest;

import org.jspecify.annotations.Nullable;

/**
 * Asks for a microVM in which the front end opens execs until it releases it.
 *
 * @param idleSeconds it ends when no exec was open for so long, 1 to {@value #MAX_IDLE_SECONDS};
 *     default {@value #DEFAULT_IDLE_SECONDS}
 * @param leaseSeconds it ends when the front end has not renewed it for so long, {@value
 *     #MIN_LEASE_SECONDS} to {@value #MAX_LEASE_SECONDS}; default {@value #DEFAULT_LEASE_SECONDS}
 */
public record SessionRequest(@Nullable Integer idleSeconds, @Nullable Integer leaseSeconds) {
  public static final int MAX_IDLE_SECONDS = 7 * 24 * 3600;
  public static final int DEFAULT_IDLE_SECONDS = 600;

  /** A front end renews at a third of it, and one lost call must not end the session. */
  public static final int MIN_LEASE_SECONDS = 5;

  public static final int MAX_LEASE_SECONDS = 3600;
  public static final int DEFAULT_LEASE_SECONDS = 60;
}
