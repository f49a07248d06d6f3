package dev.mayfly.worker.daemon.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.LogStream;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.log.ExecStream;
import dev.mayfly.worker.core.log.LogChunk;
import dev.mayfly.worker.core.log.LogSpool.AttemptSpool;
import dev.mayfly.worker.core.log.LogTotals;
import dev.mayfly.worker.core.log.RawProgress;
import dev.mayfly.worker.core.log.SpoolRecord;
import dev.mayfly.worker.core.time.ManualTimers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileLogSpoolTest {
  private static final AttemptLease LEASE =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b.1.1");
  @TempDir Path root;

  private FileLogSpool open() throws IOException {
    return FileLogSpool.open(root.resolve("spool"), InstantSource.system(), List::of);
  }

  private Path directory() {
    return root.resolve("spool").resolve(LEASE.toString());
  }

  private static void append(AttemptSpool spool, long sequence, String text) throws IOException {
    var data = text.getBytes(StandardCharsets.UTF_8);
    append(spool, sequence, LogStream.STDOUT, data);
  }

  private static void append(AttemptSpool spool, long sequence, LogStream stream, byte[] data)
      throws IOException {
    spool.append(
        new SpoolRecord(
            sequence,
            new ExecStream(0, stream),
            sequence * 10,
            data,
            RawProgress.NONE,
            LogTotals.NONE));
  }

  private static String read(AttemptSpool spool, long sequence) throws IOException {
    return spool
        .read(sequence)
        .map(chunk -> new String(chunk.data(), StandardCharsets.UTF_8))
        .orElse("none");
  }

  private static long segments(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".segment")).count();
    }
  }

  @Test
  void piecesOfAChunkAreReadAsOne() throws Exception {
    var spool = open().create(LEASE);
    append(spool, 1, "a");
    append(spool, 1, "b");
    append(spool, 2, "c");
    assertThat(read(spool, 1)).isEqualTo("ab");
    assertThat(read(spool, 2)).isEqualTo("c");
    assertThat(read(spool, 3)).isEqualTo("none");
    assertThat(spool.read(1).orElseThrow().microsSinceAssigned()).isEqualTo(10);
    assertThat(spool.read(1).orElseThrow().stream()).isEqualTo(LogStream.STDOUT);
  }

  @Test
  void aGapOrAStepBackIsABug() throws Exception {
    var spool = open().create(LEASE);
    append(spool, 1, "a");
    append(spool, 2, "b");
    assertThatThrownBy(() -> append(spool, 4, "x")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> append(spool, 1, "x")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void onlyThisUserCanReadASpool() throws Exception {
    open().create(LEASE);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory())))
        .isEqualTo("rwx------");
  }

  @Test
  void anotherRunDeliversWhatWasNotAcknowledged() throws Exception {
    var first = open().create(LEASE);
    for (int i = 1; i <= 5; i++) {
      append(first, i, "chunk " + i);
    }
    first.acknowledge(2);

    var leftover = open().leftovers().getFirst();
    assertThat(leftover.lease()).isEqualTo(LEASE);
    assertThat(leftover.last()).isEqualTo(5);
    assertThat(leftover.acknowledged()).isEqualTo(2);
    var log = AttemptLog.leftover(leftover, new ManualTimers());
    assertThat(new String(log.next(0).orElseThrow().data(), StandardCharsets.UTF_8))
        .isEqualTo("chunk 3");
    assertThat(log.next(4).orElseThrow().sequence()).isEqualTo(5);
    log.acknowledge(5);
    assertThat(log.isDelivered()).isTrue();
    log.delete();
    assertThat(directory()).doesNotExist();
    assertThat(open().leftovers()).isEmpty();
  }

  @Test
  void aSpoolWithNothingInItIsDeliveredAlready() throws Exception {
    open().create(LEASE);
    var log = AttemptLog.leftover(open().leftovers().getFirst(), new ManualTimers());
    assertThat(log.isDelivered()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void aWriteThatWasCutOffAnywhereCostsOnlyItself(long seed) throws Exception {
    var random = new SplittableRandom(seed);
    var spool = open().create(LEASE);
    var texts = new ArrayList<String>();
    for (int i = 1; i <= 20; i++) {
      texts.add("x".repeat(1 + random.nextInt(50)));
      append(spool, i, texts.getLast());
    }
    Path segment;
    try (Stream<Path> files = Files.list(directory())) {
      segment =
          files.filter(file -> file.toString().endsWith(".segment")).findFirst().orElseThrow();
    }
    try (var file = new RandomAccessFile(segment.toFile(), "rw")) {
      file.setLength(random.nextLong(file.length()));
    }
    var recovered = open().leftovers().getFirst();
    assertThat(recovered.last()).isLessThan(20);
    for (long i = 1; i <= recovered.last(); i++) {
      assertThat(read(recovered.spool(), i)).isEqualTo(texts.get((int) i - 1));
    }
  }

  @Test
  void aDamagedRecordEndsTheSpoolThere() throws Exception {
    var spool = open().create(LEASE);
    append(spool, 1, "first");
    append(spool, 2, "second");
    append(spool, 3, "third");
    Path segment;
    try (Stream<Path> files = Files.list(directory())) {
      segment =
          files.filter(file -> file.toString().endsWith(".segment")).findFirst().orElseThrow();
    }
    var bytes = Files.readAllBytes(segment);
    int second = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("second");
    bytes[second] ^= 1;
    Files.write(segment, bytes);
    assertThat(open().leftovers().getFirst().last()).isEqualTo(1);
    assertThatThrownBy(() -> spool.read(2))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("damaged");
  }

  @Test
  void aLongLogLeavesTheDiskAsItIsAcknowledgedAndArrivesByteForByte() throws Exception {
    var spool = open().create(LEASE);
    var random = new SplittableRandom(1);
    var sent = new ByteArrayOutputStream();
    var arrived = new ByteArrayOutputStream();
    for (int i = 1; i <= 500; i++) {
      var data = new byte[LogChunk.MAX_BYTES];
      random.nextBytes(data);
      append(spool, i, LogStream.STDERR, data);
      sent.writeBytes(data);
      assertThat(segments(directory())).isLessThanOrEqualTo(2);
      arrived.writeBytes(spool.read(i).orElseThrow().data());
      spool.acknowledge(i);
      assertThat(spool.read(i)).isEmpty();
    }
    assertThat(arrived.toByteArray()).isEqualTo(sent.toByteArray());
    spool.delete();
    spool.delete();
    assertThat(directory()).doesNotExist();
  }

  @Test
  void anInterruptOfAWriterDoesNotCloseTheSpoolForOthers() throws Exception {
    var spool = open().create(LEASE);
    Thread.currentThread().interrupt();
    append(spool, 1, "a");
    assertThat(Thread.interrupted()).isTrue();
    append(spool, 2, "b");
    assertThat(read(spool, 2)).isEqualTo("b");
  }

  @Test
  void aSpoolNobodyAskedForInAWeekIsRemoved() throws Exception {
    append(open().create(LEASE), 1, "a");
    assertThat(aWeekLater(List::of).leftovers()).isEmpty();
    assertThat(directory()).doesNotExist();
  }

  @Test
  void aSpoolWithAJournalIsKeptHoweverOldItIs() throws Exception {
    append(open().create(LEASE), 1, "a");
    assertThat(aWeekLater(() -> List.of(LEASE)).leftovers()).hasSize(1);
  }

  @Test
  void noSpoolIsRemovedWhileItIsNotKnownWhichAreNeeded() throws Exception {
    append(open().create(LEASE), 1, "a");
    var later =
        aWeekLater(() -> {
          throw new IOException("Input/output error");
        });
    assertThat(later.leftovers()).isEmpty();
    assertThat(directory()).exists();
  }

  private FileLogSpool aWeekLater(FileLogSpool.Journalled journalled) throws IOException {
    return FileLogSpool.open(
        root.resolve("spool"),
        InstantSource.fixed(
            Instant.now().plus(FileLogSpool.LEFTOVER_LIMIT).plus(Duration.ofHours(1))),
        journalled);
  }

  @Test
  void whatIsNoSpoolIsLeftAlone() throws Exception {
    open();
    Files.createDirectory(root.resolve("spool/something"));
    assertThat(open().leftovers()).isEmpty();
    assertThat(root.resolve("spool/something")).exists();
  }
}
