package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.NOON;
import static dev.mayfly.core.job.Examples.chunk;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.Outcome;
import dev.mayfly.core.log.LogCursor;
import dev.mayfly.core.log.LogStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a {@link LogStore} keeps. */
abstract class LogStoreContract extends StoreFixture {
  @Test
  void aLogIsStoredOnceAndReadInOrder() {
    Job job = placed();
    var first = chunk(1, LogStream.STDOUT, "one", NOON);
    var second = chunk(2, LogStream.STDERR, "two", NOON);
    var third = chunk(3, LogStream.STDOUT, "three", NOON);
    assertThat(logs.append(claim(job), List.of(first, second)))
        .isEqualTo(new LogStore.Append.Stored(2));
    assertThat(logs.append(claim(job), List.of(first, second, third)))
        .isEqualTo(new LogStore.Append.Stored(3));
    assertThat(logs.append(claim(job), List.of(second))).isEqualTo(new LogStore.Append.Stored(3));
    assertThat(read(job).currentAttempt().log()).isEqualTo(new Attempt.StoredLog(3, 11, null));
    LogStore.Slice all = read(job, LogCursor.startOf(1), EnumSet.allOf(LogStream.class), 100);
    assertThat(all.pieces().stream().map(LogStore.Piece::chunk))
        .containsExactly(first, second, third);
    assertThat(all.next()).isEqualTo(new LogCursor(1, 4, 0));
  }

  @Test
  void aLogIsCutAtAnyByteAndContinuesThere() {
    Job job = placed();
    logs.append(
        claim(job),
        List.of(
            chunk(1, LogStream.STDOUT, "abc", NOON),
            chunk(2, LogStream.STDERR, "XY", NOON),
            chunk(3, LogStream.STDOUT, "defg", NOON)));
    StringBuilder text = new StringBuilder();
    LogCursor cursor = LogCursor.startOf(1);
    for (int i = 0; i < 7; i++) {
      LogStore.Slice slice = read(job, cursor, Set.of(LogStream.STDOUT), 2);
      for (LogStore.Piece piece : slice.pieces()) {
        text.append(new String(piece.chunk().bytes(), StandardCharsets.UTF_8));
      }
      cursor = slice.next();
    }
    assertThat(text).hasToString("abcdefg");
    assertThat(cursor).isEqualTo(new LogCursor(1, 4, 0));
    LogStore.Slice none = read(job, LogCursor.startOf(1), Set.of(LogStream.CONSOLE), 100);
    assertThat(none.pieces()).isEmpty();
    assertThat(none.next()).isEqualTo(new LogCursor(1, 4, 0));
  }

  private LogStore.Slice read(Job job, LogCursor from, Set<LogStream> streams, int bytes) {
    return logs.read(job.id(), from, streams, bytes, 1000);
  }

  @Test
  void aGapInALogIsRefusedAndAVoidLeaseUnwanted() {
    Job job = placed();
    assertThat(logs.append(claim(job), List.of(chunk(2, LogStream.STDOUT, "x", NOON))))
        .isEqualTo(new LogStore.Append.Gap(1));
    JobStore.Claim old = new JobStore.Claim(claim(job).attempt(), new LeaseEpoch(2));
    assertThat(logs.append(old, List.of(chunk(1, LogStream.STDOUT, "x", NOON))))
        .isEqualTo(new LogStore.Append.Unwanted());
    assertThat(read(job).currentAttempt().log().chunks()).isZero();
  }

  @Test
  void theRestOfALogIsWantedAfterTheEndAndNoMore() {
    Job job = placed();
    logs.append(claim(job), List.of(chunk(1, LogStream.STDOUT, "x", NOON)));
    finish(read(job), 2);
    assertThat(
            logs.append(
                claim(job),
                List.of(
                    chunk(2, LogStream.STDOUT, "y", NOON), chunk(3, LogStream.STDOUT, "z", NOON))))
        .isEqualTo(new LogStore.Append.Stored(2));
    assertThat(read(job).currentAttempt().logComplete()).isTrue();
    assertThat(logs.append(claim(job), List.of(chunk(3, LogStream.STDOUT, "z", NOON))))
        .isEqualTo(new LogStore.Append.Unwanted());
  }

  @Test
  void eachAttemptHasItsOwnLogAndTheEarlierOnesMayStillGrow() {
    Job first = placed();
    logs.append(claim(first), List.of(chunk(1, LogStream.STDOUT, "one", NOON)));
    Job again =
        end(first, new Outcome.Faulted(FaultCode.VMM_DIED, "It died."), 2, NOON.plusSeconds(1));
    Job second = placed(read(again));
    assertThat(logs.append(claim(second), List.of(chunk(1, LogStream.STDOUT, "new", NOON))))
        .isEqualTo(new LogStore.Append.Stored(1));
    assertThat(logs.append(claim(first), List.of(chunk(2, LogStream.STDOUT, "two", NOON))))
        .isEqualTo(new LogStore.Append.Stored(2));
    assertThat(logs.append(claim(first), List.of(chunk(2, LogStream.STDOUT, "two", NOON))))
        .isEqualTo(new LogStore.Append.Unwanted());
    assertThat(jobs.attempts(first.id()).stream().map(attempt -> attempt.log().bytes()))
        .containsExactly(6L, 3L);
    assertThat(read(first, LogCursor.startOf(1), Set.of(LogStream.STDOUT), 100).pieces())
        .hasSize(2);
    assertThat(read(first, LogCursor.startOf(2), Set.of(LogStream.STDOUT), 100).pieces())
        .hasSize(1);
  }

  @Test
  void aCommitDoesNotTouchWhatTheLogHasGrownTo() {
    Job job = placed();
    logs.append(claim(job), List.of(chunk(1, LogStream.STDOUT, "x", NOON)));
    finish(job, 1);
    assertThat(read(job).currentAttempt().log()).isEqualTo(new Attempt.StoredLog(1, 1, null));
  }

  @Test
  void retentionRemovesOldLogsAndOldJobsOnly() {
    Job old = placed();
    logs.append(claim(old), List.of(chunk(1, LogStream.STDOUT, "x", NOON)));
    finish(read(old), 1);
    Job running = placed();
    Instant after = NOON.plus(Duration.ofDays(1));
    assertThat(logs.removeFinished(NOON, after, 10)).isZero();
    assertThat(logs.removeFinished(after, after, 10)).isEqualTo(1);
    assertThat(logs.removeFinished(after, after, 10)).isZero();
    Attempt.StoredLog log = Objects.requireNonNull(read(old).attempt()).log();
    assertThat(log).isEqualTo(new Attempt.StoredLog(1, 1, after));
    assertThat(read(old, LogCursor.startOf(1), EnumSet.allOf(LogStream.class), 10).pieces())
        .isEmpty();
    assertThat(jobs.removeFinished(NOON, 10)).isZero();
    assertThat(jobs.removeFinished(after, 10)).isEqualTo(1);
    assertThat(jobs.find(old.id())).isEmpty();
    assertThat(jobs.find(running.id())).isPresent();
  }
}
