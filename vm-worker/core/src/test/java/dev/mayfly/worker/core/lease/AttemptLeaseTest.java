package dev.mayfly.worker.core.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttemptLeaseTest {
  private static final String JOB = "0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b";

  @Test
  void theTextFormIsReadBack() {
    var lease = AttemptLease.parse(JOB + ".2.7");
    assertThat(lease).hasToString(JOB + ".2.7");
    assertThat(AttemptLease.parse(lease.toString())).isEqualTo(lease);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a.b.c", JOB, JOB + ".1", JOB + ".1.0", JOB + ".0.1", JOB + ".1.1.1"})
  void whatIsNoLeaseIsRefused(String text) {
    assertThatThrownBy(() -> AttemptLease.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aHigherEpochOfTheSameJobFences() {
    assertThat(AttemptLease.parse(JOB + ".1.1").isOlderThan(AttemptLease.parse(JOB + ".2.2")))
        .isTrue();
    assertThat(AttemptLease.parse(JOB + ".1.2").isOlderThan(AttemptLease.parse(JOB + ".1.2")))
        .isFalse();
    var other = AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2c.1.9");
    assertThat(AttemptLease.parse(JOB + ".1.1").isOlderThan(other)).isFalse();
  }

  @Test
  void theMicroVmNameIsShort() {
    assertThat(AttemptLease.parse(JOB + ".2.7").microVmName()).isEqualTo("7c8d9e0f1a2b.2");
  }
}
