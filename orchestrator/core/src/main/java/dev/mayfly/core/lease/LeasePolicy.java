package dev.mayfly.core.lease;

import dev.mayfly.api.LeaseEpoch;
import java.time.Duration;
import java.time.Instant;

/**
 * How long leases last and how often workers must be heard. Pure: time is an argument.
 *
 * @param leaseDuration a lease not renewed for this long is void; the worker enforces the same
 * @param heartbeatInterval how often a worker speaks; a lease outlives several lost heartbeats
 * @param reclaimGrace how long a worker that came back without an attempt it should have may still
 *     deliver that attempt's end, before the attempt counts as lost
 */
public record LeasePolicy(
    Duration leaseDuration, Duration heartbeatInterval, Duration reclaimGrace) {

  /** A worker that misses this many heartbeats is silent: it gets no new work. */
  public static final int MISSED_HEARTBEATS_UNTIL_SILENT = 3;

  /**
   * A lease outlives what an orchestrator of ours needs to start again on a loaded machine of two
   * cores (40 s were seen), so that its restart costs no job; and twelve heartbeats, so that
   * neither does a lost connection.
   */
  public static final LeasePolicy DEFAULT =
      new LeasePolicy(Duration.ofSeconds(60), Duration.ofSeconds(5), Duration.ofSeconds(10));

  public LeasePolicy {
    if (leaseDuration.compareTo(heartbeatInterval.multipliedBy(2)) < 0) {
      throw new IllegalArgumentException("a lease must outlive two heartbeats");
    }
  }

  public Lease first(LeaseEpoch epoch, Instant now) {
    return new Lease(epoch, now.plus(leaseDuration));
  }

  public Instant renewedUntil(Instant now) {
    return now.plus(leaseDuration);
  }

  /** The new end of a lease whose worker came back without naming the attempt; never later. */
  public Instant unclaimedUntil(Lease lease, Instant now) {
    Instant grace = now.plus(reclaimGrace);
    return grace.isBefore(lease.expiresAt()) ? grace : lease.expiresAt();
  }

  /** Whoever was last heard of before this is silent. */
  public Instant silentSince(Instant now) {
    return now.minus(heartbeatInterval.multipliedBy(MISSED_HEARTBEATS_UNTIL_SILENT));
  }

  /** Whoever was last heard of before this holds no lease any more. */
  public Instant lostSince(Instant now) {
    return now.minus(leaseDuration);
  }
}
