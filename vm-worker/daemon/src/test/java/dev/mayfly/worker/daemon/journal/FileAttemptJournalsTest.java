package dev.mayfly.worker.daemon.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.attempt.AttemptEvent;
import dev.mayfly.worker.core.attempt.AttemptJournals.Found;
import dev.mayfly.worker.core.attempt.AttemptReport;
import dev.mayfly.worker.core.attempt.AttemptTerms;
import dev.mayfly.worker.core.attempt.JournalEntry;
import dev.mayfly.worker.core.attempt.JournalEntry.Decision;
import dev.mayfly.worker.core.attempt.JournalEntry.GivingUp;
import dev.mayfly.worker.core.attempt.JournalEntry.Stage;
import dev.mayfly.worker.core.exec.ExecMark;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.vm.VmmIdentity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileAttemptJournalsTest {
  private static final AttemptLease LEASE =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b.2.7");
  private static final AttemptTerms TERMS =
      new AttemptTerms(
          LEASE,
          new BundleDigest("sha256:" + "a".repeat(64)),
          "debian:12\nü=%+",
          new Shape(2, 512, 2048),
          Duration.ofSeconds(3600, 5),
          true,
          Duration.ofSeconds(60),
          1L << 40,
          true,
          -123_456_789L,
          Duration.ofSeconds(45));
  private static final JournalEntry FULL =
      new JournalEntry(
          TERMS,
          Stage.RUNNING,
          OptionalLong.of(-5),
          Optional.of(new VmmIdentity(4711, 99)),
          Map.of(Phase.PREPARED, Duration.ofNanos(3), Phase.READY, Duration.ofSeconds(2)),
          17,
          List.of(
              report(12, new AttemptEvent.Preparing()),
              report(13, new AttemptEvent.Running("6.1.0 \n =x", "qemu 7.2 tcg")),
              report(14, new AttemptEvent.ExecStarted(3)),
              report(15, new AttemptEvent.ExecEnded(3, new Outcome.Exited(255), 9)),
              report(
                  16,
                  new AttemptEvent.ExecEnded(
                      4, new Outcome.Faulted(FaultCode.EXEC_TIMEOUT, "a: b c\nd"), 10)),
              report(17, new AttemptEvent.Finished(new Outcome.Cancelled(), 1, 2, 3))),
          -77,
          Optional.of(new GivingUp(new Outcome.Faulted(FaultCode.JOB_TIMEOUT, "a b:c"), -6)),
          Optional.of(new Decision(new Outcome.Faulted(FaultCode.INTERNAL, ""), 8)),
          Set.of(0, 1, 2, 5, 999_999),
          Map.of(3, new ExecMark(-9, 0), 1_000_000, new ExecMark(9, 1L << 40)));
  private static final JournalEntry BARE =
      new JournalEntry(
          TERMS,
          Stage.PREPARING,
          OptionalLong.empty(),
          Optional.empty(),
          Map.of(),
          0,
          List.of(),
          12,
          Optional.empty(),
          Optional.empty(),
          Set.of(),
          Map.of());

  @TempDir Path directory;
  private FileAttemptJournals journals;

  @BeforeEach
  void open() throws IOException {
    journals = FileAttemptJournals.open(directory.resolve("journal"), "boot-1");
  }

  private static AttemptReport report(long number, AttemptEvent event) {
    return new AttemptReport(LEASE, number, Map.of(Phase.BOOTED, Duration.ofMillis(7)), event);
  }

  private Path file() {
    return directory.resolve("journal").resolve(LEASE.toString());
  }

  @Test
  void whatWasWrittenLastIsReadAgainInFull() throws IOException {
    journals.write(BARE);
    assertThat(journals.read()).containsExactly(new Found(BARE, true));
    journals.write(FULL);
    assertThat(journals.read()).containsExactly(new Found(FULL, true));
    assertThat(journals.leases()).containsExactly(LEASE);
    journals.remove(LEASE);
    journals.remove(LEASE);
    assertThat(journals.read()).isEmpty();
    assertThat(directory.resolve("journal")).isEmptyDirectory();
  }

  @Test
  void anEntryOfAnEarlierBootIsToldApart() throws IOException {
    journals.write(FULL);
    var next = FileAttemptJournals.open(directory.resolve("journal"), "boot-2");
    assertThat(next.read()).containsExactly(new Found(FULL, false));
  }

  @Test
  void aJournalThatIsCutOffAnywhereIsLeftOutAndStillListed() throws IOException {
    journals.write(FULL);
    var whole = Files.readAllBytes(file());
    for (int length = 0; length < whole.length; length += 61) {
      Files.write(file(), Arrays.copyOf(whole, length));
      assertThat(journals.read()).as("cut at " + length).isEmpty();
    }
    assertThat(journals.leases()).containsExactly(LEASE);
  }

  @Test
  void aJournalWithOneByteChangedIsLeftOut() throws IOException {
    journals.write(FULL);
    var whole = Files.readAllBytes(file());
    for (int at = 0; at < whole.length; at += 61) {
      var damaged = whole.clone();
      damaged[at] ^= 1;
      Files.write(file(), damaged);
      assertThat(journals.read()).as("changed at " + at).isEmpty();
    }
  }

  @Test
  void aJournalUnderAnotherNameIsLeftOut() throws IOException {
    journals.write(FULL);
    Files.move(file(), file().resolveSibling(LEASE.toString().replace(".7", ".8")));
    assertThat(journals.read()).isEmpty();
  }

  @Test
  void aWriteThatWasCutOffLeavesTheEntryBefore() throws IOException {
    journals.write(BARE);
    Files.writeString(file().resolveSibling(LEASE + ".next"), "mayfly-jour");
    assertThat(journals.read()).containsExactly(new Found(BARE, true));
    assertThat(journals.leases()).containsExactly(LEASE);
    journals.remove(LEASE);
    assertThat(directory.resolve("journal")).isEmptyDirectory();
  }

  @Test
  void aJournalThatWouldBeTooLargeToReadIsNotWrittenAndTheOneBeforeStays() throws IOException {
    journals.write(BARE);
    var reports = new ArrayList<AttemptReport>();
    var long4k = new Outcome.Faulted(FaultCode.COMMAND_NOT_STARTED, "x".repeat(4096));
    for (int number = 1; number <= 4096; number++) {
      reports.add(report(number, new AttemptEvent.ExecEnded(number, long4k, 0)));
    }
    var huge =
        new JournalEntry(
            TERMS,
            Stage.RUNNING,
            OptionalLong.empty(),
            Optional.empty(),
            Map.of(),
            4096,
            reports,
            0,
            Optional.empty(),
            Optional.empty(),
            Set.of(),
            Map.of());
    assertThatThrownBy(() -> journals.write(huge)).isInstanceOf(IOException.class);
    assertThat(journals.read()).containsExactly(new Found(BARE, true));
  }

  @Test
  void onlyThisUserMayRead() throws IOException {
    journals.write(FULL);
    assertThat(Files.getPosixFilePermissions(directory.resolve("journal")))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    assertThat(Files.readString(file(), StandardCharsets.UTF_8)).startsWith("mayfly-journal 1\n");
  }
}
