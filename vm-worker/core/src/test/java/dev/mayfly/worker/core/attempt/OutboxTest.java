package dev.mayfly.worker.core.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.LogStream;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.attempt.Outbox.Sendable;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.log.InMemoryLogSpool;
import dev.mayfly.worker.core.time.ManualTimers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OutboxTest {
  private static final AttemptLease A =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000a.1.1");
  private static final AttemptLease B =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000b.1.1");
  private final ManualTimers timers = new ManualTimers();
  private final InMemoryLogSpool spool = new InMemoryLogSpool();
  private final Outbox outbox = new Outbox(() -> {});

  private final InMemoryJournals journals = new InMemoryJournals();

  private static AttemptTerms terms(AttemptLease lease) {
    return new AttemptTerms(
        lease,
        ScriptedHost.BUNDLE,
        "debian:12",
        Shape.DEFAULT,
        Duration.ofMinutes(1),
        false,
        Duration.ZERO,
        1,
        false,
        0,
        Duration.ofMinutes(1));
  }

  private AttemptLog track(AttemptLease lease) {
    var log = new AttemptLog(spool.create(lease), timers, timers.nanoTime(), 1L << 30, () -> {});
    outbox.track(lease, log, new AttemptJournal(journals, JournalEntry.begin(terms(lease), 0)));
    return log;
  }

  /** One chunk each: the streams take turns. */
  private static void chunks(AttemptLog log, int count) throws Exception {
    for (int i = 0; i < count; i++) {
      var stream = i % 2 == 0 ? LogStream.STDOUT : LogStream.STDERR;
      var output = log.open(0);
      output.append(stream, output.safe(stream), "x".getBytes(StandardCharsets.UTF_8));
    }
  }

  private void report(AttemptLease lease, long number, AttemptEvent event) {
    outbox.report(new AttemptReport(lease, number, Map.of(), event));
  }

  private static AttemptEvent.Finished finished(long chunks) {
    return new AttemptEvent.Finished(new Outcome.Exited(0), chunks, chunks, 0);
  }

  private static List<String> drain(Outbox.Cursor cursor) {
    var sent = new ArrayList<String>();
    for (var next = cursor.next(); next.isPresent(); next = cursor.next()) {
      sent.add(
          switch (next.get()) {
            case Sendable.Report(var report) -> name(report.lease()) + " report " + report.number();
            case Sendable.Chunk(var lease, var chunk) -> name(lease) + " chunk " + chunk.sequence();
          });
    }
    return sent;
  }

  private static String name(AttemptLease lease) {
    return lease.equals(A) ? "A" : "B";
  }

  @Test
  void theEndIsReportedAfterTheLastChunk() throws Exception {
    var log = track(A);
    report(A, 1, new AttemptEvent.Preparing());
    chunks(log, 3);
    log.end();
    report(A, 2, finished(3));
    assertThat(drain(outbox.cursor()))
        .containsExactly("A report 1", "A chunk 1", "A chunk 2", "A chunk 3", "A report 2");
  }

  @Test
  void aNewConnectionGetsEverythingThatWasNotAcknowledgedAgain() throws Exception {
    var log = track(A);
    report(A, 1, new AttemptEvent.Preparing());
    report(A, 2, new AttemptEvent.Running("k", "v"));
    chunks(log, 3);
    log.end();
    drain(outbox.cursor());
    outbox.acknowledgeReport(A, 1);
    outbox.acknowledgeLog(A, 2);
    assertThat(drain(outbox.cursor())).containsExactly("A report 2", "A chunk 3");
  }

  @Test
  void oneConnectionSendsEachThingOnce() throws Exception {
    var log = track(A);
    var cursor = outbox.cursor();
    chunks(log, 2);
    assertThat(drain(cursor)).containsExactly("A chunk 1");
    assertThat(drain(cursor)).isEmpty();
    log.end();
    assertThat(drain(cursor)).containsExactly("A chunk 2");
  }

  @Test
  void attemptsTakeTurns() throws Exception {
    var a = track(A);
    var b = track(B);
    chunks(a, 3);
    chunks(b, 3);
    assertThat(drain(outbox.cursor()))
        .containsExactly("A chunk 1", "B chunk 1", "A chunk 2", "B chunk 2");
  }

  @Test
  void anAttemptIsForgottenWhenItsEndAndItsWholeLogAreAcknowledged() throws Exception {
    var log = track(A);
    chunks(log, 2);
    log.end();
    report(A, 1, finished(2));
    outbox.acknowledgeReport(A, 1);
    assertThat(outbox.unreported()).isEmpty();
    assertThat(outbox.isEmpty()).isFalse();
    outbox.acknowledgeLog(A, 1);
    outbox.acknowledgeLog(A, 1);
    assertThat(spool.present()).containsExactly(A);
    outbox.acknowledgeLog(A, 2);
    assertThat(outbox.isEmpty()).isTrue();
    assertThat(spool.present()).isEmpty();
    outbox.acknowledgeLog(A, 2);
    outbox.acknowledgeReport(A, 1);
  }

  @Test
  void anEndThatIsNotAcknowledgedIsStillHeld() throws Exception {
    var log = track(A);
    log.end();
    report(A, 1, finished(0));
    assertThat(outbox.unreported()).containsExactly(A);
    assertThat(outbox.isEmpty()).isFalse();
  }

  @Test
  void aVoidLeaseReportsNothingButItsLogIsDelivered() throws Exception {
    var log = track(A);
    report(A, 1, new AttemptEvent.Preparing());
    chunks(log, 1);
    log.end();
    outbox.drop(A);
    report(A, 2, finished(1));
    assertThat(drain(outbox.cursor())).containsExactly("A chunk 1");
    outbox.acknowledgeLog(A, 1);
    assertThat(outbox.isEmpty()).isTrue();
  }

  @Test
  void aLeftoverIsDeliveredAndThenRemoved() throws Exception {
    var log = new AttemptLog(spool.create(A), timers, timers.nanoTime(), 1L << 30, () -> {});
    chunks(log, 2);
    log.acknowledge(1);
    outbox.trackLeftover(A, AttemptLog.leftover(spool.leftovers().getFirst(), timers));
    assertThat(outbox.unreported()).isEmpty();
    assertThat(drain(outbox.cursor())).containsExactly("A chunk 2");
    outbox.acknowledgeLog(A, 2);
    assertThat(spool.present()).isEmpty();
    log.end();
  }

  @Test
  void aLeftoverThatWasAcknowledgedInWholeIsRemovedAtOnce() throws Exception {
    spool.create(B);
    outbox.trackLeftover(B, AttemptLog.leftover(spool.leftovers().getFirst(), timers));
    assertThat(outbox.isEmpty()).isTrue();
    assertThat(spool.present()).isEmpty();
  }
}
