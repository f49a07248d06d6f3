package dev.mayfly.it.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.it.chaos.Chaos;
import dev.mayfly.it.scenario.Images;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A short storm; {@code ./mayfly chaos} has the long ones, with real microVMs. */
class ChaosIT {

  @Test
  void aStormLosesDoublesAndLeavesNothing() throws Exception {
    Chaos.Options options = new Chaos.Options(Duration.ofSeconds(60), 11, false, false);
    assertThat(Chaos.run(options, Images.directory())).isTrue();
  }
}
