package dev.mayfly.worker.core.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PullLinesTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MIB = 1 << 20;

  private final List<String> told = new ArrayList<>();
  private long now = 100 * SECOND;
  private final PullLines lines = new PullLines("debian:12", () -> now, told::add);

  private void after(double seconds, long mib) {
    now += (long) (seconds * SECOND);
    lines.progress(mib * MIB, 100 * MIB);
  }

  @Test
  void thereIsALineForEveryTenth() {
    after(0, 0);
    after(2, 9);
    after(1, 10);
    after(1, 19);
    after(1, 40);
    assertThat(told)
        .containsExactly(
            "pulling debian:12: 0 of 100 MiB",
            "pulling debian:12: 10 of 100 MiB",
            "pulling debian:12: 40 of 100 MiB");
  }

  @Test
  void noTwoLinesComeWithinASecond() {
    after(0, 0);
    after(0.4, 50);
    after(0.4, 90);
    after(0.4, 95);
    assertThat(told)
        .containsExactly("pulling debian:12: 0 of 100 MiB", "pulling debian:12: 95 of 100 MiB");
  }

  @Test
  void aSlowPullIsHeardOfEveryFiveSeconds() {
    after(0, 1);
    after(4.9, 2);
    after(0.1, 2);
    after(5, 3);
    assertThat(told)
        .containsExactly(
            "pulling debian:12: 1 of 100 MiB",
            "pulling debian:12: 2 of 100 MiB",
            "pulling debian:12: 3 of 100 MiB");
  }

  @Test
  void whatItsSizeIsMayNotBeKnownYet() {
    lines.progress(0, 0);
    now += 3_200_000_000L;
    lines.pulled();
    assertThat(told).containsExactly("pulling debian:12", "pulled in 3.2 s");
  }
}
