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
    assertThat(lease.expiredAt(NOW.plusSeconds(30).minusNanos(1))).isFalse();
    assertThat(lease.expiredAt(NOW.plusSeconds(30))).isTrue();
  }

  @Test
  void anUnclaimedAttemptKeepsTheShorterOfGraceAndLease() {
    Lease lease = policy.first(new LeaseEpoch(1), NOW);
    assertThat(policy.unclaimedUntil(lease, NOW)).isEqualTo(NOW.plusSeconds(10));
    assertThat(policy.unclaimedUntil(lease, NOW.plusSeconds(25))).isEqualTo(lease.expiresAt());
  }

  @Test
  void aLeaseShorterThanTwoHeartbeatsIsRefused() {
    assertThatThrownBy(
            () -> new LeasePolicy(Duration.ofSeconds(9), Duration.ofSeconds(5), Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
