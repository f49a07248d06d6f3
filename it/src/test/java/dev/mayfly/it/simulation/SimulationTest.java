package dev.mayfly.it.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Orchestrators and workers through storms of faults. {@code -Dmayfly.simulation.seeds=N} says how
 * many seeds, {@code -Dmayfly.simulation.seed=N} runs one alone and {@code
 * -Dmayfly.simulation.trace=true} prints its events.
 */
class SimulationTest {
  private static final String ONE_SEED = "mayfly.simulation.seed";
  private static final long SEEDS = Long.getLong("mayfly.simulation.seeds", 10_000);

  /** Every defect shows long before this many seeds. */
  private static final int SEEDS_FOR_A_DEFECT = 3_000;

  @Test
  @DisabledIfSystemProperty(named = ONE_SEED, matches = ".+")
  void everySeedKeepsThePromises() throws InterruptedException {
    Map<Long, SimulationFailed> failures = new ConcurrentSkipListMap<>();
    AtomicLong next = new AtomicLong(1);
    Thread[] runners = new Thread[Runtime.getRuntime().availableProcessors()];
    for (int index = 0; index < runners.length; index++) {
      runners[index] =
          Thread.ofPlatform()
              .name("simulation-" + index)
              .start(() -> {
                for (long seed = next.getAndIncrement();
                    seed <= SEEDS && failures.isEmpty();
                    seed = next.getAndIncrement()) {
                  run(seed, Defect.NONE).ifPresent(failed -> failures.put(failed.seed(), failed));
                }
              });
    }
    for (Thread runner : runners) {
      runner.join();
    }
    if (!failures.isEmpty()) {
      throw failures.values().iterator().next();
    }
    assertThat(next.get()).isGreaterThan(SEEDS);
  }

  private static Optional<SimulationFailed> run(long seed, Defect defect) {
    try {
      new Simulation(seed, defect).run();
      return Optional.empty();
    } catch (SimulationFailed failed) {
      return Optional.of(failed);
    }
  }

  @Test
  @EnabledIfSystemProperty(named = ONE_SEED, matches = ".+")
  void thisSeedKeepsThePromises() {
    Simulation.Report report = new Simulation(Long.getLong(ONE_SEED, 0)).run();
    assertThat(report.events()).isPositive();
  }

  @Test
  @DisabledIfSystemProperty(named = ONE_SEED, matches = ".+")
  void aSeedIsTheSameEveryTime() {
    for (long seed = 1; seed <= 50; seed++) {
      assertThat(new Simulation(seed).run()).isEqualTo(new Simulation(seed).run());
    }
  }

  @Test
  @DisabledIfSystemProperty(named = ONE_SEED, matches = ".+")
  void seedsDiffer() {
    assertThat(LongStream.rangeClosed(1, 20).mapToObj(seed -> new Simulation(seed).run()))
        .extracting(Simulation.Report::traceHash)
        .doesNotHaveDuplicates();
  }

  static Stream<Defect> defects() {
    return Stream.of(Defect.values()).filter(defect -> defect != Defect.NONE);
  }

  @ParameterizedTest
  @MethodSource("defects")
  @DisabledIfSystemProperty(named = ONE_SEED, matches = ".+")
  void aDefectIsFound(Defect defect) {
    assertThat(
            LongStream.rangeClosed(1, SEEDS_FOR_A_DEFECT)
                .filter(seed -> run(seed, defect).isPresent())
                .filter(seed -> run(seed, Defect.NONE).isEmpty())
                .findFirst())
        .as("a seed that fails with " + defect)
        .isPresent();
  }
}
