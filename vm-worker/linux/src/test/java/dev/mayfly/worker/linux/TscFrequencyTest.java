package dev.mayfly.worker.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class TscFrequencyTest {

  @Test
  void twoMeasurementsAgree() {
    assumeThat(HostFacts.architecture()).isEqualTo("x86_64");
    TscFrequency first = TscFrequency.find().orElseThrow();
    TscFrequency second = TscFrequency.find().orElseThrow();

    assertThat(first.source()).isEqualTo(TscFrequency.Source.MEASURED);
    assertThat(first.kiloHertz()).isBetween(500_000L, 10_000_000L);
    assertThat(first.kiloHertz()).isCloseTo(second.kiloHertz(), Percentage.withPercentage(0.1));
  }

  @Test
  void withoutMeasurementTheNameOfTheCpuCountsBeforeItsClock() {
    String intel = "model name\t: Intel(R) Xeon(R) CPU @ 2.10GHz\ncpu MHz\t\t: 3100.003\n";
    assertThat(TscFrequency.fromCpuInfo(intel))
        .contains(new TscFrequency(2_100_000, TscFrequency.Source.MODEL_NAME));
    String amd = "model name\t: AMD EPYC\ncpu MHz\t\t: 2599.998\n";
    assertThat(TscFrequency.fromCpuInfo(amd))
        .contains(new TscFrequency(2_599_998, TscFrequency.Source.CURRENT_CLOCK));
    assertThat(TscFrequency.fromCpuInfo("processor : 0\n")).isEmpty();
  }
}
