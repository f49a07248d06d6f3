package dev.mayfly.worker.core.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.attempt.AdoptionPolicy.Choice;
import dev.mayfly.worker.core.attempt.AttemptJournals.Found;
import dev.mayfly.worker.core.attempt.JournalEntry.Decision;
import dev.mayfly.worker.core.attempt.JournalEntry.GivingUp;
import dev.mayfly.worker.core.attempt.JournalEntry.Stage;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.vm.VmmIdentity;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdoptionPolicyTest {
  private static final AttemptLease LEASE =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000a.1.2");
  private static final AttemptTerms TERMS =
      new AttemptTerms(
          LEASE,
          ScriptedHost.BUNDLE,
          "debian:12",
          Shape.DEFAULT,
          Duration.ofHours(1),
          false,
          Duration.ZERO,
          1,
          false,
          0,
          Duration.ofMinutes(1));

  @ParameterizedTest
  @CsvSource({
    // stage, VMM known, giving up, decided, finished, same boot
    "PREPARING, false, false, false, false, true, WORKER_LOST",
    "PREPARING, true, false, false, false, true, WORKER_LOST",
    "PREPARING, false, false, false, false, false, WORKER_LOST",
    "RUNNING, false, false, false, false, true, WORKER_LOST",
    "RUNNING, true, false, false, false, true, ADOPT",
    "RUNNING, true, false, false, false, false, WORKER_LOST",
    "RUNNING, true, true, false, false, true, ADOPT",
    "RUNNING, true, true, false, false, false, CANCELLED",
    "RUNNING, true, true, true, false, true, EXITED 5",
    "RUNNING, true, false, true, false, true, EXITED 5",
    "RUNNING, true, false, true, false, false, EXITED 5",
    "PREPARING, false, false, true, false, true, EXITED 5",
    "RUNNING, true, true, true, true, true, DELIVER",
    "RUNNING, true, false, true, true, false, DELIVER",
    "PREPARING, false, false, false, true, true, DELIVER",
  })
  void aJournalIsTreatedAsTheTableSays(
      Stage stage,
      boolean vmm,
      boolean givingUp,
      boolean decided,
      boolean finished,
      boolean sameBoot,
      String expected) {
    var report =
        new AttemptReport(
            LEASE, 2, Map.of(), new AttemptEvent.Finished(new Outcome.Cancelled(), 0, 0, 0));
    var entry =
        new JournalEntry(
            TERMS,
            stage,
            OptionalLong.empty(),
            vmm ? Optional.of(new VmmIdentity(1, 1)) : Optional.empty(),
            Map.of(),
            2,
            finished ? List.of(report) : List.of(),
            0,
            givingUp ? Optional.of(new GivingUp(new Outcome.Cancelled(), 7)) : Optional.empty(),
            decided ? Optional.of(new Decision(new Outcome.Exited(5), 1)) : Optional.empty(),
            Set.of(),
            Map.of());
    var seen =
        switch (AdoptionPolicy.choose(new Found(entry, sameBoot))) {
          case Choice.Adopt() -> "ADOPT";
          case Choice.Deliver() -> "DELIVER";
          case Choice.Conclude(Outcome.Faulted fault, var peak) -> fault.code().name();
          case Choice.Conclude(Outcome.Exited exited, var peak) -> "EXITED " + exited.code();
          case Choice.Conclude(Outcome.Cancelled cancelled, var peak) -> "CANCELLED";
        };
    assertThat(seen).isEqualTo(expected);
  }
}
