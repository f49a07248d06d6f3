package dev.mayfly.worker.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.worker.v1.EndAttempt;
import dev.mayfly.worker.core.attempt.EndReason;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EndReasonTest {

  @ParameterizedTest
  @CsvSource({
    "END_REASON_CANCELLED, 0, Cancelled[]",
    "END_REASON_LEASE_VOID, 0, LeaseVoid[]",
    "END_REASON_UNSPECIFIED, 0, LeaseVoid[]",
    "END_REASON_ABANDONED, 7, Abandoned[]",
    "END_REASON_RELEASED, 0, Released[exitCode=0]",
    "END_REASON_RELEASED, 255, Released[exitCode=255]",
    "END_REASON_RELEASED, 256, Released[exitCode=255]",
    "END_REASON_RELEASED, -1, Released[exitCode=255]",
  })
  void aReasonOfTheWireMeansWhatTheTableSays(
      dev.mayfly.api.worker.v1.EndReason reason, int exitCode, String expected) {
    EndReason read =
        LinkCodec.reason(EndAttempt.newBuilder().setReason(reason).setExitCode(exitCode).build());
    assertThat(read).hasToString(expected);
  }
}
