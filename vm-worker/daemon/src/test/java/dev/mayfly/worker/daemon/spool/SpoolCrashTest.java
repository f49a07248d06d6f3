package dev.mayfly.worker.daemon.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.LogStream;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.log.ExecOutput;
import dev.mayfly.worker.core.log.LogSpool.Leftover;
import dev.mayfly.worker.core.log.Secrets;
import dev.mayfly.worker.core.time.ManualTimers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A worker that is killed at any of its writes to the spool, and the one after it: together they
 * deliver every byte of two guests' streams once.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class SpoolCrashTest {
  private static final AttemptLease LEASE =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b.1.1");
  private static final Secrets SECRETS = Secrets.of(List.of("abab", "bcab", "ccccc"));
  private static final int RAW_BYTES = 180;

  @TempDir Path root;
  private final ManualTimers timers = new ManualTimers();
  private final TreeMap<Long, String> delivered = new TreeMap<>();
  private final TreeMap<Long, String> streams = new TreeMap<>();

  private FileLogSpool spool() throws IOException {
    return FileLogSpool.open(root.resolve("spool"), InstantSource.system(), List::of);
  }

  private static String random(long seed) {
    var random = new SplittableRandom(seed);
    var text = new StringBuilder();
    for (int i = 0; i < RAW_BYTES; i++) {
      text.append((char) ('a' + random.nextInt(3)));
    }
    return text.toString();
  }

  private AttemptLog reopen(CrashingSpool.Crash crash, int at, long limit) throws IOException {
    var leftovers = spool().leftovers();
    AttemptLog log;
    if (leftovers.isEmpty()) {
      var spool = new CrashingSpool(spool().create(LEASE), crash, at);
      log = new AttemptLog(spool, timers, timers.nanoTime(), limit, () -> {});
    } else {
      var left = leftovers.getFirst();
      var spool = new CrashingSpool(left.spool(), crash, at);
      log =
          AttemptLog.reopen(
              new Leftover(LEASE, spool, left.last(), left.acknowledged(), left.state()),
              timers,
              timers.nanoTime(),
              limit,
              () -> {});
    }
    log.learn(SECRETS);
    return log;
  }

  /** What a worker does while its guest prints: each piece from what is safe, as a guest sends. */
  private void print(AttemptLog log, String stdout, String stderr, long seed)
      throws InterruptedException, IOException {
    var random = new SplittableRandom(seed);
    var output = log.open(1);
    long[] next = {output.safe(LogStream.STDOUT), output.safe(LogStream.STDERR)};
    while (next[0] < stdout.length() || next[1] < stderr.length()) {
      boolean first = random.nextBoolean();
      piece(output, first ? LogStream.STDOUT : LogStream.STDERR, first ? stdout : stderr, next);
      if (random.nextInt(4) == 0) {
        timers.advance(AttemptLog.LINGER);
        deliver(log, random.nextBoolean());
      }
    }
    output.end(LogStream.STDOUT);
    output.end(LogStream.STDERR);
  }

  private static void piece(ExecOutput output, LogStream stream, String raw, long[] next)
      throws InterruptedException, IOException {
    int at = stream == LogStream.STDOUT ? 0 : 1;
    int from = (int) next[at];
    int to = Math.min(raw.length(), from + 13);
    if (to > from) {
      output.append(stream, from, raw.substring(from, to).getBytes(StandardCharsets.UTF_8));
      next[at] = to;
    }
  }

  /** As the orchestrator stores it: by sequence, once, and always the same. */
  private void deliver(AttemptLog log, boolean acknowledge) throws IOException {
    long last = 0;
    for (var chunk = log.next(0); chunk.isPresent(); chunk = log.next(last)) {
      last = chunk.get().sequence();
      var text = new String(chunk.get().data(), StandardCharsets.UTF_8);
      assertThat(delivered.merge(last, text, (known, again) -> known)).isEqualTo(text);
      streams.put(last, chunk.get().stream().name());
    }
    if (acknowledge && last > 0) {
      log.acknowledge(last);
    }
  }

  private String all(LogStream stream) {
    var all = new StringBuilder();
    delivered.forEach((sequence, text) -> {
      if (stream.name().equals(streams.get(sequence))) {
        all.append(text);
      }
    });
    return all.toString();
  }

  /**
   * Kills at write {@code at}, goes on with the next worker; false when there was no such write.
   */
  private boolean crashAndGoOn(CrashingSpool.Crash crash, int at, long limit, long seed)
      throws Exception {
    delivered.clear();
    streams.clear();
    var stdout = random(seed);
    var stderr = random(seed + 1000);
    boolean crashed = false;
    var log = reopen(crash, at, limit);
    try {
      print(log, stdout, stderr, seed);
      log.end();
      deliver(log, true);
    } catch (IOException killed) {
      crashed = true;
      log = reopen(crash, Integer.MAX_VALUE, limit);
      print(log, stdout, stderr, seed + 1);
      log.end();
      deliver(log, true);
    }
    if (limit == Long.MAX_VALUE) {
      assertThat(all(LogStream.STDOUT)).as("killed at " + at).isEqualTo(SECRETS.masked(stdout));
      assertThat(all(LogStream.STDERR)).as("killed at " + at).isEqualTo(SECRETS.masked(stderr));
    } else {
      long kept = all(LogStream.STDOUT).length() + all(LogStream.STDERR).length();
      assertThat(kept).as("killed at " + at).isBetween(limit - 2, limit);
      assertThat(SECRETS.masked(stdout)).startsWith(all(LogStream.STDOUT));
      assertThat(SECRETS.masked(stderr)).startsWith(all(LogStream.STDERR));
      assertThat(all(LogStream.SYSTEM))
          .isEqualTo(
              "mayfly: the log was truncated at "
                  + limit
                  + " bytes; what the job printed after that is not kept\n");
    }
    log.delete();
    return crashed;
  }

  @ParameterizedTest
  @EnumSource
  void noByteIsLostOrRepeatedWhereverTheWorkerIsKilled(CrashingSpool.Crash crash) throws Exception {
    int at = 1;
    while (crashAndGoOn(crash, at, Long.MAX_VALUE, at)) {
      at++;
    }
    assertThat(at).isGreaterThan(20);
  }

  @ParameterizedTest
  @EnumSource
  void theLogIsTruncatedOnceWhereverTheWorkerIsKilled(CrashingSpool.Crash crash) throws Exception {
    int at = 1;
    while (crashAndGoOn(crash, at, 100, at)) {
      at++;
    }
    assertThat(at).isGreaterThan(20);
  }

  @Test
  void theStateOutlivesTheSegmentsItWasIn() throws Exception {
    var log = reopen(CrashingSpool.Crash.BEFORE, Integer.MAX_VALUE, Long.MAX_VALUE);
    log.open(1).append(LogStream.STDOUT, 0, "early".getBytes(StandardCharsets.UTF_8));
    var busy = log.open(2);
    long offset = 0;
    for (int i = 0; i < 1000; i++) {
      offset = busy.append(LogStream.STDOUT, offset, new byte[32_768]);
      deliver(log, true);
    }
    var again = reopen(CrashingSpool.Crash.BEFORE, Integer.MAX_VALUE, Long.MAX_VALUE);
    assertThat(again.open(1).safe(LogStream.STDOUT)).isEqualTo(5);
    assertThat(again.open(2).safe(LogStream.STDOUT)).isEqualTo(offset);
    assertThat(again.end().bytes()).isEqualTo(offset + 5);
  }

  @Test
  void whatFollowsARecordThatWasCutOffIsReadByTheThirdWorker() throws Exception {
    var first = reopen(CrashingSpool.Crash.BEFORE, Integer.MAX_VALUE, Long.MAX_VALUE);
    var output = first.open(1);
    output.append(LogStream.STDOUT, 0, "first".getBytes(StandardCharsets.UTF_8));
    output.append(LogStream.STDOUT, 5, "x".repeat(500).getBytes(StandardCharsets.UTF_8));
    Path segment;
    try (var files = Files.list(root.resolve("spool").resolve(LEASE.toString()))) {
      segment =
          files.filter(file -> file.toString().endsWith(".segment")).findFirst().orElseThrow();
    }
    try (var file = new RandomAccessFile(segment.toFile(), "rw")) {
      file.setLength(file.length() - 1);
    }
    var second = reopen(CrashingSpool.Crash.BEFORE, Integer.MAX_VALUE, Long.MAX_VALUE);
    assertThat(second.open(1).safe(LogStream.STDOUT)).isEqualTo(5);
    second.open(1).append(LogStream.STDOUT, 5, "again".getBytes(StandardCharsets.UTF_8));
    var third = reopen(CrashingSpool.Crash.BEFORE, Integer.MAX_VALUE, Long.MAX_VALUE);
    var all = new ByteArrayOutputStream();
    for (var chunk = third.next(0); chunk.isPresent(); chunk = third.next(chunk.get().sequence())) {
      all.writeBytes(chunk.get().data());
    }
    assertThat(all.toString(StandardCharsets.UTF_8)).isEqualTo("firstagain");
    assertThat(third.open(1).safe(LogStream.STDOUT)).isEqualTo(10);
  }
}
