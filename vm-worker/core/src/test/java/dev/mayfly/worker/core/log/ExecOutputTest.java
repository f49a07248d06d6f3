package dev.mayfly.worker.core.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.LogStream;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.time.ManualTimers;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ExecOutputTest {
  private static final AttemptLease LEASE =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b.1.1");
  private static final String TRUNCATED =
      "mayfly: the log was truncated at 100 bytes; what the job printed after that is not kept\n";

  private final ManualTimers timers = new ManualTimers();
  private final InMemoryLogSpool spool = new InMemoryLogSpool();
  private AttemptLog log = log(100);

  private AttemptLog log(long limit) {
    return new AttemptLog(spool.create(LEASE), timers, timers.nanoTime(), limit, () -> {});
  }

  private void reopen(long limit) {
    log.end();
    log =
        AttemptLog.reopen(spool.leftovers().getFirst(), timers, timers.nanoTime(), limit, () -> {});
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private String logged(LogStream stream) {
    log.end();
    var all = new ByteArrayOutputStream();
    for (var chunk = log.next(0); chunk.isPresent(); chunk = log.next(chunk.get().sequence())) {
      if (chunk.get().stream() == stream) {
        all.writeBytes(chunk.get().data());
      }
    }
    return all.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aSecretIsMaskedThoughItComesInPiecesWithLongPauses() throws Exception {
    log.learn(Secrets.of(List.of("hunter22")));
    var output = log.open(1);
    assertThat(output.append(LogStream.STDOUT, 0, bytes("my hunt"))).isEqualTo(3);
    timers.advance(AttemptLog.LINGER.multipliedBy(100));
    assertThat(output.append(LogStream.STDOUT, 7, bytes("er2"))).isEqualTo(3);
    assertThat(output.append(LogStream.STDOUT, 10, bytes("2!"))).isEqualTo(12);
    assertThat(logged(LogStream.STDOUT)).isEqualTo("my ***!");
  }

  @Test
  void theStreamsOfAnExecAreMaskedEachForItself() throws Exception {
    log.learn(Secrets.of(List.of("hunter22")));
    var output = log.open(1);
    output.append(LogStream.STDOUT, 0, bytes("hunt"));
    output.append(LogStream.STDERR, 0, bytes("er22"));
    output.end(LogStream.STDOUT);
    output.end(LogStream.STDERR);
    assertThat(logged(LogStream.STDOUT)).isEqualTo("hunt");
    assertThat(logged(LogStream.STDERR)).isEqualTo("er22");
  }

  @Test
  void ourOwnLinesAndTheConsoleDoNotTellSecretsEither() throws Exception {
    log.learn(Secrets.of(List.of("hunter22")));
    log.system("mayfly: hunter22: not found");
    log.console("panic: hunter22\n");
    assertThat(logged(LogStream.SYSTEM)).isEqualTo("mayfly: ***: not found\n");
    assertThat(logged(LogStream.CONSOLE)).isEqualTo("panic: ***\n");
  }

  @Test
  void aFileIsNeitherMaskedNorCounted() throws Exception {
    log.learn(Secrets.of(List.of("hunter22")));
    var output = log.open(1);
    var file = "hunter22".repeat(50);
    assertThat(output.append(LogStream.FILE, 0, bytes(file))).isEqualTo(400);
    output.append(LogStream.STDOUT, 0, bytes("x".repeat(100)));
    output.end(LogStream.STDOUT);
    assertThat(logged(LogStream.FILE)).isEqualTo(file);
    assertThat(logged(LogStream.SYSTEM)).isEmpty();
  }

  @Test
  void atTheLimitOneLineSaysSoAndTheRestIsSafeAndGone() throws Exception {
    var output = log.open(1);
    var other = log.open(2);
    assertThat(output.append(LogStream.STDOUT, 0, bytes("a".repeat(70)))).isEqualTo(70);
    assertThat(other.append(LogStream.STDERR, 0, bytes("b".repeat(70)))).isEqualTo(70);
    assertThat(output.append(LogStream.STDOUT, 70, bytes("more"))).isEqualTo(74);
    assertThat(logged(LogStream.STDOUT)).isEqualTo("a".repeat(70));
    assertThat(logged(LogStream.STDERR)).isEqualTo("b".repeat(30));
    assertThat(logged(LogStream.SYSTEM)).isEqualTo(TRUNCATED);
  }

  @Test
  void aLogThatIsJustFullIsNotTruncated() throws Exception {
    log.open(1).append(LogStream.STDOUT, 0, bytes("a".repeat(100)));
    assertThat(logged(LogStream.SYSTEM)).isEmpty();
  }

  @Test
  void theLimitCountsWhatIsLeftAfterMaskingAndCutsNoMask() throws Exception {
    log.learn(Secrets.of(List.of("s".repeat(90))));
    var output = log.open(1);
    output.append(LogStream.STDOUT, 0, bytes("a".repeat(90) + "s".repeat(90)));
    output.append(LogStream.STDOUT, 180, bytes("b".repeat(6) + "s".repeat(90)));
    output.end(LogStream.STDOUT);
    assertThat(logged(LogStream.STDOUT)).isEqualTo("a".repeat(90) + "***" + "b".repeat(6));
    assertThat(logged(LogStream.SYSTEM)).isEqualTo(TRUNCATED);
  }

  @Test
  void aTruncatedLogNeverHoldsTheJobBack() throws Exception {
    var output = log.open(1);
    long offset = output.append(LogStream.STDOUT, 0, new byte[101]);
    var file = log.open(2);
    long packed = 0;
    while (!log.isHoldingBack()) {
      packed = file.append(LogStream.FILE, packed, new byte[LogChunk.MAX_BYTES]);
    }
    for (int i = 0; i < 1000; i++) {
      long end = output.append(LogStream.STDOUT, offset, new byte[32_768]);
      assertThat(end).isEqualTo(offset + 32_768);
      offset = end;
    }
    assertThat(logged(LogStream.SYSTEM)).contains("truncated");
  }

  @Test
  void theTruncationIsToldOnceAlsoByAnotherWorker() throws Exception {
    log.open(1).append(LogStream.STDOUT, 0, bytes("a".repeat(101)));
    reopen(100);
    assertThat(log.open(1).append(LogStream.STDOUT, 101, bytes("more"))).isEqualTo(105);
    assertThat(logged(LogStream.STDOUT)).isEqualTo("a".repeat(100));
    assertThat(logged(LogStream.SYSTEM)).isEqualTo(TRUNCATED);
  }

  @Test
  void theConsoleHasALimitOfItsOwn() throws Exception {
    log.console("x".repeat((int) AttemptLog.CONSOLE_LIMIT_BYTES - 10));
    log.console("y".repeat(20));
    reopen(100);
    log.console("z");
    assertThat(logged(LogStream.CONSOLE)).hasSize((int) AttemptLog.CONSOLE_LIMIT_BYTES);
    assertThat(logged(LogStream.SYSTEM)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 7, 10, 11, 12, 13, 17, 19})
  void anotherWorkerGoesOnFromWhatIsSafeWhereverASecretIsCut(int cut) throws Exception {
    log = log(1000);
    var secrets = Secrets.of(List.of("hunter22", "22monkeys"));
    log.learn(secrets);
    var raw = "a hunter22monkeys b hunter22";
    long safe = log.open(1).append(LogStream.STDOUT, 0, bytes(raw.substring(0, cut)));
    reopen(1000);
    log.learn(secrets);
    var output = log.open(1);
    assertThat(output.safe(LogStream.STDOUT)).isEqualTo(safe);
    output.append(LogStream.STDOUT, safe, bytes(raw.substring((int) safe)));
    output.end(LogStream.STDOUT);
    assertThat(logged(LogStream.STDOUT)).isEqualTo("a *** b ***");
  }

  @Test
  void outputOutOfPlaceIsABug() {
    assertThatThrownBy(() -> log.open(1).append(LogStream.STDOUT, 5, bytes("x")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("continues at 5 instead of 0");
  }

  @Test
  void aForgottenExecLeavesNothingInTheState() throws Exception {
    var output = log.open(1);
    output.append(LogStream.STDOUT, 0, bytes("x"));
    output.forget();
    assertThat(spool.leftovers().getFirst().state().raw()).isEmpty();
  }

  @Test
  void aReopenedLogCountsWhatIsNotAcknowledged() throws Exception {
    log = log(Long.MAX_VALUE);
    var output = log.open(1);
    long offset = 0;
    while (!log.isHoldingBack()) {
      offset = output.append(LogStream.STDOUT, offset, new byte[LogChunk.MAX_BYTES]);
    }
    reopen(Long.MAX_VALUE);
    assertThat(log.isHoldingBack()).isTrue();
    log.acknowledge(10);
    assertThat(log.isHoldingBack()).isFalse();
  }
}
