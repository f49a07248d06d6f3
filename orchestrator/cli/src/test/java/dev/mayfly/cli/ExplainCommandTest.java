package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.rest.ExplanationView;
import dev.mayfly.api.rest.ExplanationView.ReasonView;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExplainCommandTest {

  @Test
  void everyReasonHasALine() {
    assertThat(
            ExplainCommand.describe(
                new ExplanationView(
                    "2026-11-22T00:00:00.000000Z",
                    false,
                    2,
                    List.of(
                        new ReasonView("BUSY", "a", 1, "needs 4096 MiB, 1024 free"),
                        new ReasonView("DRAINING", null, 3, "draining"),
                        new ReasonView("PROJECT_CAP", null, 0, "project cap 10/10 reached")),
                    "not shown")))
        .isEqualTo(
            """
            worker a: needs 4096 MiB, 1024 free
            3 workers: draining
            project cap 10/10 reached
            2 jobs of its project before it
            """);
  }

  @Test
  void whatCanNeverRunSaysSoFirst() {
    assertThat(
            ExplainCommand.describe(
                new ExplanationView(
                    "t",
                    true,
                    0,
                    List.of(
                        new ReasonView("ARCHITECTURE", "a", 1, "is x86_64, needs aarch64"),
                        new ReasonView("TOO_SMALL", "b", 1, "has\n2 CPUs, needs 4")),
                    "x")))
        .isEqualTo(
            """
            can never run: worker a: is x86_64, needs aarch64
            worker b: has 2 CPUs, needs 4
            """);
  }

  @Test
  void aJobNobodyHasLookedAtYetSaysWhatTheOrchestratorSays() {
    assertThat(
            ExplainCommand.describe(
                new ExplanationView(null, false, 10_000, List.of(), "it has just come")))
        .isEqualTo("it has just come\nat least 10000 jobs of its project before it\n");
  }

  @ParameterizedTest
  @CsvSource({"80, 80", "19, 2147483647", "0, 2147483647", "wide, 2147483647", "99999, 2147483647"})
  void theWidthIsWhatTheCallerSaysWhenThatMakesSense(String columns, int width) throws Exception {
    assertThat(TerminalWidth.of(Map.of("COLUMNS", columns))).isEqualTo(width);
  }
}
