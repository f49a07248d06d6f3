package dev.mayfly.worker.core.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.LogStream;
import dev.mayfly.worker.core.log.ChunkCutter.Placed;
import java.util.HashMap;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkCutterTest {
  private static final ExecStream STDOUT = new ExecStream(1, LogStream.STDOUT);
  private static final ExecStream STDERR = new ExecStream(1, LogStream.STDERR);
  private final ChunkCutter cutter = new ChunkCutter();

  @Test
  void smallWritesOfOneStreamShareAChunkUntilItIsCut() {
    assertThat(cutter.place(STDOUT, 10)).containsExactly(new Placed(1, 0, 10));
    assertThat(cutter.place(STDOUT, 5)).containsExactly(new Placed(1, 0, 5));
    assertThat(cutter.lastCut()).isZero();
    assertThat(cutter.open()).isEqualTo(1);
    cutter.cut();
    assertThat(cutter.lastCut()).isEqualTo(1);
    assertThat(cutter.place(STDOUT, 1)).containsExactly(new Placed(2, 0, 1));
  }

  @Test
  void anotherStreamCutsTheChunk() {
    cutter.place(STDOUT, 10);
    assertThat(cutter.place(STDERR, 5)).containsExactly(new Placed(2, 0, 5));
    assertThat(cutter.lastCut()).isEqualTo(1);
  }

  @Test
  void anotherExecCutsTheChunk() {
    cutter.place(STDOUT, 10);
    assertThat(cutter.place(new ExecStream(2, LogStream.STDOUT), 5))
        .containsExactly(new Placed(2, 0, 5));
  }

  @Test
  void theRoomOfAStreamIsWhatItsOpenChunkHasLeft() {
    cutter.place(STDOUT, 10);
    assertThat(cutter.room(STDOUT)).isEqualTo(LogChunk.MAX_BYTES - 10);
    assertThat(cutter.room(STDERR)).isEqualTo(LogChunk.MAX_BYTES);
  }

  @Test
  void aFullChunkIsCutAndTheRestGoesOn() {
    assertThat(cutter.place(STDOUT, LogChunk.MAX_BYTES + 1))
        .containsExactly(
            new Placed(1, 0, LogChunk.MAX_BYTES), new Placed(2, LogChunk.MAX_BYTES, 1));
    assertThat(cutter.lastCut()).isEqualTo(1);
  }

  @Test
  void anExactlyFullChunkIsCutAtOnce() {
    cutter.place(STDOUT, LogChunk.MAX_BYTES);
    assertThat(cutter.lastCut()).isEqualTo(1);
    assertThat(cutter.open()).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void everyByteIsInExactlyOneChunkAndSequencesHaveNoGap(long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    var sizes = new HashMap<Long, Integer>();
    var streams = new HashMap<Long, ExecStream>();
    long in = 0;
    long last = 0;
    for (int i = 0; i < 500; i++) {
      var stream = random.nextBoolean() ? STDOUT : STDERR;
      int length = 1 + random.nextInt(random.nextInt(10) == 0 ? 200_000 : 300);
      int from = 0;
      for (var placed : cutter.place(stream, length)) {
        assertThat(placed.from()).isEqualTo(from);
        assertThat(placed.sequence()).isBetween(last, last + 1);
        assertThat(streams.merge(placed.sequence(), stream, (a, b) -> a)).isEqualTo(stream);
        last = placed.sequence();
        from += placed.length();
        sizes.merge(placed.sequence(), placed.length(), Integer::sum);
      }
      assertThat(from).isEqualTo(length);
      in += length;
      if (random.nextInt(3) == 0) {
        cutter.cut();
      }
    }
    assertThat(sizes.values()).allMatch(size -> size <= LogChunk.MAX_BYTES);
    assertThat(sizes.values().stream().mapToLong(Integer::longValue).sum()).isEqualTo(in);
    assertThat(sizes).hasSize((int) last);
  }
}
