package dev.mayfly.worker.core.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.LogStream;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.time.ManualTimers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AttemptLogTest {
  private static final AttemptLease LEASE =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b.1.1");
  private static final long LIMIT = 1L << 40;
  private final ManualTimers timers = new ManualTimers();
  private final InMemoryLogSpool spool = new InMemoryLogSpool();
  private final AtomicInteger nudges = new AtomicInteger();
  private final AttemptLog log =
      new AttemptLog(
          spool.create(LEASE), timers, timers.nanoTime(), LIMIT, () -> nudges.incrementAndGet());

  @Test
  void aChattyJobIsNotOneChunkPerLine() throws Exception {
    timers.advance(Duration.ofMillis(7));
    for (int line = 0; line < 100; line++) {
      append(LogStream.STDOUT, bytes("line\n"));
    }
    assertThat(log.next(0)).isEmpty();
    timers.advance(AttemptLog.LINGER);
    var chunk = log.next(0).orElseThrow();
    assertThat(chunk.data()).hasSize(500);
    assertThat(chunk.microsSinceAssigned()).isEqualTo(7000);
    assertThat(nudges).hasPositiveValue();
  }

  @Test
  void theLingerCountsFromTheFirstByteSoSteadyOutputIsNotHeldBack() throws Exception {
    for (int i = 0; i < 10; i++) {
      append(LogStream.STDOUT, bytes("x"));
      timers.advance(Duration.ofMillis(10));
    }
    assertThat(log.next(0).orElseThrow().data()).hasSizeLessThanOrEqualTo(6);
  }

  @Test
  void aSecondChunkHasItsOwnLinger() throws Exception {
    append(LogStream.STDOUT, bytes("a"));
    timers.advance(Duration.ofMillis(40));
    append(LogStream.STDERR, bytes("b"));
    timers.advance(Duration.ofMillis(10));
    assertThat(log.next(0)).isPresent();
    timers.advance(AttemptLog.LINGER);
    assertThat(log.next(1).orElseThrow().stream()).isEqualTo(LogStream.STDERR);
  }

  @Test
  void aFullChunkGoesOutAtOnce() throws Exception {
    append(LogStream.STDOUT, new byte[LogChunk.MAX_BYTES]);
    assertThat(log.next(0)).isPresent();
    assertThat(nudges).hasValue(1);
  }

  @Test
  void theEndCutsWhatIsOpenAndCountsEverything() throws Exception {
    append(LogStream.STDOUT, bytes("out"));
    append(LogStream.STDERR, bytes("error"));
    assertThat(log.end()).isEqualTo(new AttemptLog.Totals(2, 8));
    assertThat(log.isWhole(1)).isFalse();
    assertThat(log.isWhole(2)).isTrue();
    assertThat(timers.pendingCount()).isZero();
  }

  @Test
  void acknowledgedChunksAreNotReadAgain() throws Exception {
    append(LogStream.STDOUT, bytes("a"));
    append(LogStream.STDERR, bytes("b"));
    log.end();
    log.acknowledge(1);
    assertThat(log.next(0).orElseThrow().sequence()).isEqualTo(2);
    assertThat(log.isDelivered()).isFalse();
    log.acknowledge(2);
    log.acknowledge(1);
    assertThat(log.acknowledged()).isEqualTo(2);
    assertThat(log.isDelivered()).isTrue();
  }

  @Test
  void anAcknowledgementOfWhatWasNeverSentFreesNothing() throws Exception {
    append(LogStream.STDOUT, bytes("a"));
    log.acknowledge(99);
    assertThat(log.acknowledged()).isZero();
    log.end();
    assertThat(log.next(0)).isPresent();
  }

  @Test
  void aFullSpoolHoldsTheJobBackUntilTheOrchestratorAcknowledges() throws Exception {
    long chunks = 0;
    var big = new byte[LogChunk.MAX_BYTES];
    while (chunks * (big.length + Backlog.CHUNK_OVERHEAD_BYTES)
        < AttemptLog.MAX_UNACKNOWLEDGED_BYTES) {
      append(LogStream.STDOUT, big);
      chunks++;
    }
    var blocked = new CompletableFuture<Boolean>();
    var writer =
        Thread.ofVirtual()
            .start(() -> {
              try {
                append(LogStream.STDOUT, bytes("late"));
                blocked.complete(true);
              } catch (InterruptedException | IOException failure) {
                blocked.completeExceptionally(failure);
              }
            });
    while (writer.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    assertThat(blocked).isNotDone();
    log.acknowledge(2);
    assertThat(blocked.get(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void theEndReleasesWhoeverWaitsForRoom() throws Exception {
    var big = new byte[LogChunk.MAX_BYTES];
    var released = new CompletableFuture<Boolean>();
    var writer =
        Thread.ofVirtual()
            .start(() -> {
              try {
                while (true) {
                  append(LogStream.STDOUT, big);
                }
              } catch (InterruptedException expected) {
                released.complete(true);
              } catch (IOException failure) {
                released.completeExceptionally(failure);
              }
            });
    while (writer.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    log.end();
    assertThat(released.get(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void mayflysOwnLinesAreTakenUntilTheEnd() throws Exception {
    log.system("mayfly: told");
    log.end();
    log.system("mayfly: too late");
    var chunk = log.next(0).orElseThrow();
    assertThat(chunk.stream()).isEqualTo(LogStream.SYSTEM);
    assertThat(chunk.data()).isEqualTo(bytes("mayfly: told\n"));
    assertThat(log.next(1)).isEmpty();
  }

  @Test
  void aDiskThatIsFullIsToldToTheOneWhoAppends() {
    spool.fill();
    assertThatThrownBy(() -> append(LogStream.STDOUT, bytes("x"))).isInstanceOf(IOException.class);
  }

  @Test
  void theLogEndsWithWhatTheDiskTook() throws Exception {
    append(LogStream.STDOUT, bytes("kept"));
    spool.fill();
    assertThatThrownBy(() -> append(LogStream.STDERR, bytes("x"))).isInstanceOf(IOException.class);
    log.system("mayfly: not taken");
    assertThatThrownBy(() -> append(LogStream.STDOUT, bytes("y")))
        .isInstanceOf(InterruptedException.class);
    assertThat(log.end().chunks()).isEqualTo(1);
    assertThat(log.next(0).orElseThrow().data()).isEqualTo(bytes("kept"));
    assertThat(log.next(1)).isEmpty();
    assertThat(timers.pendingCount()).isZero();
  }

  @Test
  void whatTheDiskTookOfAChunkThatItDidNotTakeWholeIsKept() throws Exception {
    append(LogStream.STDOUT, bytes("one "));
    append(LogStream.STDERR, bytes("two "));
    spool.fill();
    assertThatThrownBy(() -> append(LogStream.STDERR, bytes("three")))
        .isInstanceOf(IOException.class);
    assertThat(log.end().chunks()).isEqualTo(2);
    assertThat(log.next(1).orElseThrow().data()).isEqualTo(bytes("two "));
  }

  @Test
  void aNumberThatTheDiskDidNotTakeIsNeitherAcknowledgedNorSkippedByTheNextProcess()
      throws Exception {
    append(LogStream.STDOUT, bytes("kept"));
    spool.fill();
    assertThatThrownBy(() -> append(LogStream.STDERR, bytes("x"))).isInstanceOf(IOException.class);
    log.end();
    log.acknowledge(2);
    spool.makeRoom();

    var next =
        AttemptLog.reopen(spool.leftovers().getFirst(), timers, timers.nanoTime(), LIMIT, () -> {});
    var output = next.open(0);
    output.append(LogStream.STDERR, output.safe(LogStream.STDERR), bytes("x"));
    next.end();
    var chunk = next.next(0).orElseThrow();
    assertThat(chunk.sequence()).isEqualTo(2);
    assertThat(chunk.data()).isEqualTo(bytes("x"));
  }

  @Test
  void aPieceTheDiskDoesNotGiveBackIsReplacedAndNotLeftOut() throws Exception {
    append(LogStream.STDOUT, bytes("a"));
    append(LogStream.STDERR, bytes("b"));
    log.end();
    spool.damage(1);
    var replaced = log.next(0).orElseThrow();
    assertThat(replaced.sequence()).isEqualTo(1);
    assertThat(replaced.stream()).isEqualTo(LogStream.SYSTEM);
    assertThat(new String(replaced.data(), StandardCharsets.UTF_8)).contains("was lost");
    assertThat(log.next(1).orElseThrow().data()).isEqualTo(bytes("b"));
  }

  @Test
  void aDeletedLogLeavesNothing() throws Exception {
    append(LogStream.STDOUT, bytes("x"));
    log.delete();
    log.delete();
    assertThat(spool.present()).isEmpty();
    assertThat(log.next(0)).isEmpty();
    assertThat(timers.pendingCount()).isZero();
  }

  @Test
  void aLeftoverIsDeliveredFromWhereItWasAcknowledged() throws Exception {
    append(LogStream.STDOUT, bytes("a"));
    append(LogStream.STDERR, bytes("b"));
    log.end();
    log.acknowledge(1);
    var leftover = AttemptLog.leftover(spool.leftovers().getFirst(), timers);
    assertThat(leftover.next(0).orElseThrow().sequence()).isEqualTo(2);
    assertThat(leftover.isWhole(2)).isTrue();
    leftover.acknowledge(2);
    assertThat(leftover.isDelivered()).isTrue();
  }

  private void append(LogStream stream, byte[] data) throws InterruptedException, IOException {
    var output = log.open(0);
    output.append(stream, output.safe(stream), data);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
