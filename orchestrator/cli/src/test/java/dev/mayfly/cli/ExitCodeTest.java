package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.rest.OutcomeView;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExitCodeTest {

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 120, 137, 255})
  void theJobsOwnCodePassesThrough(int code) {
    assertThat(ExitCode.of(new OutcomeView("EXITED", code, null, null, null))).isEqualTo(code);
  }

  @ParameterizedTest
  @EnumSource(FaultCode.class)
  void everyFaultHasItsCode(FaultCode fault) {
    int expected =
        switch (fault) {
          case JOB_TIMEOUT, EXEC_TIMEOUT -> 124;
          case OUT_OF_MEMORY,
              DISK_FULL,
              SESSION_IDLE,
              SESSION_ABANDONED,
              TRANSFER_TOO_LARGE,
              TRANSFER_FAILED,
              IMAGE_REFUSED ->
              123;
          case COMMAND_NOT_STARTED -> 127;
          case QUEUE_TIMEOUT,
              WORKER_FULL,
              WORKER_LEAVING,
              WORKER_LOST,
              BUNDLE_ABSENT,
              BUNDLE_BROKEN,
              BUNDLE_PULL_FAILED,
              BUNDLE_UNTRUSTED,
              IMAGE_SOURCE_FAILED,
              IMAGE_BUILD_FAILED,
              BOOT_FAILED,
              BOOT_TIMEOUT,
              GUEST_SETUP_FAILED,
              VMM_DIED,
              GUEST_PANIC,
              GUEST_DIED,
              GUEST_PROTOCOL,
              INTERNAL ->
              125;
        };
    assertThat(
            ExitCode.of(
                new OutcomeView("FAULTED", null, fault.name(), fault.blame().name(), "detail")))
        .isEqualTo(expected);
  }

  @Test
  void aFaultOfTomorrowGoesByItsBlame() {
    assertThat(ExitCode.of(new OutcomeView("FAULTED", null, "NEW", "USER", ""))).isEqualTo(123);
    assertThat(ExitCode.of(new OutcomeView("FAULTED", null, "NEW", "NEW", ""))).isEqualTo(125);
  }

  @Test
  void aCancelledJobHasItsCode() {
    assertThat(ExitCode.of(new OutcomeView("CANCELLED", null, null, null, null))).isEqualTo(122);
  }
}
