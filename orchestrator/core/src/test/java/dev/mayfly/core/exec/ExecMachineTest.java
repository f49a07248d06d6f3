package dev.mayfly.core.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.JobId;
import dev.mayfly.api.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ExecMachineTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private final Exec pending =
      Exec.opened(
          new JobId(UUID.randomUUID()),
          1,
          1,
          new ExecSpec.Command(
              List.of("env"),
              new TreeMap<>(Map.of("TOKEN", "secret")),
              new TreeSet<>(Set.of("TOKEN")),
              "",
              "",
              false,
              null),
          NOON,
          7);

  private static Exec changed(ExecStep step) {
    return ((ExecStep.Changed) step).exec();
  }

  @Test
  void anExecStartsAndEndsAsItsWorkerSays() {
    Exec started = changed(ExecMachine.apply(pending, new ExecEvent.Started(NOON)));
    assertThat(started.state()).isEqualTo(new ExecState.Started(NOON));
    assertThat(started.spec()).isEqualTo(pending.spec());
    Exec ended =
        changed(ExecMachine.apply(started, new ExecEvent.Ended(new Outcome.Exited(3), 9, NOON)));
    assertThat(ended.state()).isEqualTo(new ExecState.Ended(new Outcome.Exited(3), 9, NOON));
  }

  @Test
  void whatMayBeSecretDoesNotOutliveTheEnd() {
    Exec ended =
        changed(ExecMachine.apply(pending, new ExecEvent.Ended(new Outcome.Exited(0), 9, NOON)));
    assertThat(ended.spec())
        .isEqualTo(
            new ExecSpec.Command(
                List.of("env"), new TreeMap<>(), new TreeSet<>(), "", "", false, null));
    assertThat(pending.spec().toString()).doesNotContain("secret");
  }

  @Test
  void anExecEndsWithItsAttemptsFault() {
    Outcome fault = new Outcome.Faulted(FaultCode.VMM_DIED, "It died.");
    Exec ended = changed(ExecMachine.apply(pending, new ExecEvent.AttemptEnded(fault, 9, NOON)));
    assertThat(ended.state()).isEqualTo(new ExecState.Ended(fault, 9, NOON));
  }

  @Test
  void whatIsOpenWhenTheSessionIsReleasedIsCancelled() {
    Exec ended =
        changed(
            ExecMachine.apply(pending, new ExecEvent.AttemptEnded(new Outcome.Exited(0), 9, NOON)));
    assertThat(ended.state()).isEqualTo(new ExecState.Ended(new Outcome.Cancelled(), 9, NOON));
  }

  @Test
  void theEndIsForGood() {
    Exec ended =
        changed(ExecMachine.apply(pending, new ExecEvent.Ended(new Outcome.Exited(0), 9, NOON)));
    for (ExecEvent event :
        List.of(
            new ExecEvent.Started(NOON),
            new ExecEvent.Ended(new Outcome.Exited(1), 10, NOON),
            new ExecEvent.AttemptEnded(new Outcome.Cancelled(), 10, NOON))) {
      assertThat(ExecMachine.apply(ended, event)).isEqualTo(new ExecStep.Unchanged());
    }
  }

  @Test
  void theDocumentedTableIsWhatTheMachineDoes() throws IOException {
    String table =
        ExecMachine.table().stream()
            .map(row -> "| %s | %s | %s |".formatted(row.state(), row.event(), row.result()))
            .collect(Collectors.joining("\n"));
    assertThat(Files.readString(Path.of("../../ops/docs/sessions.md"))).contains(table);
  }

  @Test
  void aTransferNeedsAnAbsolutePathAndALimit() {
    Duration hour = Duration.ofHours(1);
    org.assertj.core.api.Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> new ExecSpec.Upload("work", 1, hour));
    org.assertj.core.api.Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> new ExecSpec.Download("/work", 0, hour));
  }
}
