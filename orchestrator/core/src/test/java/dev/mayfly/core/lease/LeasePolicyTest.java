package dev.mayfly.core.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.LeaseEpoch;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class LeasePolicyTest {
  private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");
  private final LeasePolicy policy = LeasePolicy.DEFAULT;

  @Test
  void aLeaseIsVoidFromItsLastInstantOn() {
    Lease lease = policy.first(new LeaseEpoch(1), NOW);
    Instant end = NOW.plus(policy.leaseDuration());
    assertThat(lease.expiredAt(end.minusNanos(1))).isFalse();
    assertThat(lease.expiredAt(end)).isTrue();
  }

  @Test
  void anUnclaimedAttemptKeepsTheShorterOfGraceAndLease() {
    Lease lease = policy.first(new LeaseEpoch(1), NOW);
    assertThat(policy.unclaimedUntil(lease, NOW)).isEqualTo(NOW.plusSeconds(10));
    assertThat(policy.unclaimedUntil(lease, lease.expiresAt().minusSeconds(5)))
        .isEqualTo(lease.expiresAt());
  }

  @Test
  void aLeaseShorterThanTwoHeartbeatsIsRefused() {
    assertThatThrownBy(
            () -> new LeasePolicy(Duration.ofSeconds(9), Duration.ofSeconds(5), Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
