package dev.mayfly.server.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class QueueLengthTest {
  private int waiting;
  private int counts;
  private long now;

  private final QueueLength queue =
      new QueueLength(
          atMost -> {
            counts++;
            return Math.min(atMost, waiting);
          },
          () -> now);

  @Test
  void aSmallBoundIsAlwaysCounted() {
    waiting = 3;
    assertThat(queue.count(10)).isEqualTo(3);
    waiting = 30;
    assertThat(queue.count(10)).isEqualTo(10);
    assertThat(counts).isEqualTo(2);
  }

  @Test
  void aLargeBoundIsCountedOnceASecond() {
    waiting = 5000;
    assertThat(queue.count(10_000)).isEqualTo(5000);
    waiting = 7000;
    assertThat(queue.count(10_000)).isEqualTo(5000);
    assertThat(counts).isEqualTo(1);
    now += Duration.ofMillis(1001).toNanos();
    assertThat(queue.count(10_000)).isEqualTo(7000);
  }

  @Test
  void whatIsSubmittedHereCountsAtOnce() {
    waiting = 5000;
    assertThat(queue.count(10_000)).isEqualTo(5000);
    queue.oneMore();
    assertThat(queue.count(10_000)).isEqualTo(5001);
    assertThat(counts).isEqualTo(1);
  }

  @Test
  void nobodyIsTurnedAwayByAnEstimate() {
    waiting = 9_999;
    assertThat(queue.count(10_000)).isEqualTo(9_999);
    queue.oneMore();
    waiting = 12;
    assertThat(queue.count(10_000)).isEqualTo(12);
  }
}
