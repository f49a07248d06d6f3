package dev.mayfly.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.JobId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JobIdsTest {
  private final ManualClock clock = new ManualClock();

  @Test
  void idsAreUuidsOfVersion7ThatHoldTheTime() {
    JobId id = new JobIds(clock, new Random(1)).next();
    assertThat(id.value().version()).isEqualTo(7);
    assertThat(id.value().variant()).isEqualTo(2);
    assertThat(id.value().getMostSignificantBits() >>> 16).isEqualTo(clock.millis());
  }

  @Test
  void idsIncreaseWithinAMillisecondAndWhenTheClockStepsBack() {
    JobIds ids = new JobIds(clock, new Random(1));
    JobId last = ids.next();
    for (int i = 0; i < 20_000; i++) {
      if (i == 10_000) {
        clock.advance(Duration.ofSeconds(-5));
      }
      JobId next = ids.next();
      assertThat(next).isGreaterThan(last);
      last = next;
    }
  }

  @Test
  void idsSortByTimeAlsoBeyondTheSignBit() {
    JobIds ids =
        new JobIds(InstantSource.fixed(Instant.parse("6429-11-21T00:00:00Z")), new Random(1));
    assertThat(ids.next()).isGreaterThan(new JobIds(clock, new Random(1)).next());
  }
}
