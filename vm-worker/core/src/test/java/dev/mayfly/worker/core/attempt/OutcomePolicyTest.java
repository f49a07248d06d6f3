package dev.mayfly.worker.core.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.exec.ExecPolicy;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestException.Kind;
import dev.mayfly.worker.core.guest.GuestExec.ExecEnd;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutcomePolicyTest {
  private static final Shape SHAPE = new Shape(1, 256, 128);

  @ParameterizedTest
  @CsvSource({
    "false,0,false,false,EXITED 0",
    "false,0,true,true,EXITED 0",
    "false,1,false,false,EXITED 1",
    "false,255,false,false,EXITED 255",
    "true,9,false,false,EXITED 137",
    "true,9,true,false,OUT_OF_MEMORY",
    "true,9,true,true,OUT_OF_MEMORY",
    "false,137,true,false,OUT_OF_MEMORY",
    "false,1,false,true,DISK_FULL",
    "true,7,false,true,DISK_FULL",
  })
  void anEndMeansWhatTheTableSays(
      boolean signalled, int value, boolean memory, boolean disk, String expected) {
    var outcome =
        ExecPolicy.ended(new ExecEnd(signalled, value, memory, disk, false, 0, 0, 0), SHAPE);
    var seen =
        switch (outcome) {
          case Outcome.Exited(var code) -> "EXITED " + code;
          case Outcome.Faulted(var code, var detail) -> code.name();
          case Outcome.Cancelled() -> "CANCELLED";
        };
    assertThat(seen).isEqualTo(expected);
  }

  @Test
  void thePeopleAreToldWhichLimitItWas() {
    assertThat(ExecPolicy.ended(new ExecEnd(true, 9, true, false, false, 0, 0, 0), SHAPE))
        .isEqualTo(
            new Outcome.Faulted(
                FaultCode.OUT_OF_MEMORY,
                "the job used up the 256 MiB of memory it asked for; the command was ended by"
                    + " signal 9"));
    assertThat(ExecPolicy.ended(new ExecEnd(false, 2, false, true, false, 0, 0, 0), SHAPE))
        .isEqualTo(
            new Outcome.Faulted(
                FaultCode.DISK_FULL,
                "the job filled the 128 MiB of disk it asked for; the command exited with 2"));
  }

  @ParameterizedTest
  @CsvSource({
    "VIOLATION, none, '', GUEST_PROTOCOL",
    "VIOLATION, 0, '', GUEST_PROTOCOL",
    "GONE, none, '', GUEST_DIED",
    "TIMEOUT, none, Kernel panic, GUEST_DIED",
    "GONE, 0, '', GUEST_PANIC",
    "GONE, 1, '', VMM_DIED",
    "GONE, 1, Kernel panic, VMM_DIED",
    "GONE, 137, '', VMM_DIED",
    "GONE, -1, '', VMM_DIED",
    "GONE, -1, Kernel panic, GUEST_PANIC",
  })
  void aLossIsNamedByWhatEnded(Kind kind, String exitCode, String console, FaultCode expected) {
    var exit =
        exitCode.equals("none") ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(exitCode));
    var lost = OutcomePolicy.lost(new GuestException(kind, "why"), exit, "its last words", console);
    assertThat(lost.code()).isEqualTo(expected);
    assertThat(lost.detail()).doesNotContain("Kernel panic");
  }

  @Test
  void aDetailFitsTheWire() {
    var lost =
        OutcomePolicy.lost(
            new GuestException(Kind.GONE, "gone"), OptionalInt.of(1), "x".repeat(5000), "");
    assertThat(lost.detail()).hasSize(ExecPolicy.MAX_DETAIL);
  }
}
