package dev.mayfly.core.lease;

import dev.mayfly.api.LeaseEpoch;
import java.time.Instant;

/**
 * A worker's exclusive right to one attempt.
 *
 * @param epoch fences whoever speaks under an older one
 * @param expiresAt from this instant on the right is void and cannot be renewed
 */
public record Lease(LeaseEpoch epoch, Instant expiresAt) {

  public boolean expiredAt(Instant now) {
    return !now.isBefore(expiresAt);
  }
}
