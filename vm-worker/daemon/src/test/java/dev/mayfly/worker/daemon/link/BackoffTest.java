package dev.mayfly.worker.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BackoffTest {
  @Test
  void thePauseGrowsToFiveSecondsAndNeverBeyond() {
    var random = new SplittableRandom(7);
    for (int failures = 0; failures < 100; failures++) {
      long most = Math.min(5000, 200L << Math.min(failures, 10));
      for (int i = 0; i < 100; i++) {
        assertThat(Backoff.delay(failures, random))
            .isBetween(Duration.ofMillis(most / 2), Duration.ofMillis(most));
      }
    }
  }

  @Test
  void workersDoNotComeInStep() {
    var seen = new HashSet<Duration>();
    for (int seed = 0; seed < 50; seed++) {
      seen.add(Backoff.delay(6, new SplittableRandom(seed)));
    }
    assertThat(seen).hasSizeGreaterThan(30);
  }

  @Test
  void theTokenIsNotSentToAnotherMachine() {
    try (var dialler =
        new PlaintextLoopbackDialler(
            List.of(new dev.mayfly.worker.daemon.config.OrchestratorAddress("192.0.2.1", 8421)))) {
      assertThatThrownBy(dialler::dial)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("another machine");
    }
  }
}
