package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.cli.CheckList.Line;
import dev.mayfly.cli.CheckList.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckListTest {
  @Test
  void eachLineIsACheckWithItsReason() {
    CheckList list =
        CheckList.parse(
            """
            info memory-used-mib 32
            pass tun
            skip dns the job has no network
            fail loop no such device
            """);

    assertThat(list.lines())
        .containsExactly(
            new Line(Result.INFO, "memory-used-mib", "32"),
            new Line(Result.PASS, "tun", ""),
            new Line(Result.SKIP, "dns", "the job has no network"),
            new Line(Result.FAIL, "loop", "no such device"));
    assertThat(list.summary()).isEqualTo("1 passed, 1 failed, 1 skipped");
    assertThat(list.passed()).isFalse();
  }

  @Test
  void whatIsSkippedDoesNotFailTheImage() {
    assertThat(CheckList.parse("pass tun\nskip dns no network\n").passed()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "info memory-used-mib 32\n", "skip dns no network\n"})
  void aListInWhichNothingWasCheckedIsNotPassed(String output) {
    assertThat(CheckList.parse(output).passed()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"passed tun", "pass", "kernel panic"})
  void aLineThatIsNoneIsAFailure(String line) {
    CheckList list = CheckList.parse("pass tun\n" + line + "\n");

    assertThat(list.passed()).isFalse();
    assertThat(list.lines().getLast().detail()).isEqualTo("not understood: " + line);
  }
}
