package dev.mayfly.worker.core.log;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BacklogTest {
  private final Backlog backlog = new Backlog();

  @Test
  void printingByteByByteCountsForWhatItTakesOnDisk() {
    for (int i = 0; i < 1000; i++) {
      backlog.add(1, 1);
    }
    assertThat(backlog.bytes())
        .isEqualTo(1000 + Backlog.CHUNK_OVERHEAD_BYTES + 999 * Backlog.RECORD_OVERHEAD_BYTES);
  }

  @Test
  void whatIsAcknowledgedIsNotCountedAnyMore() {
    backlog.add(1, 10);
    backlog.add(1, 10);
    backlog.add(2, 10);
    backlog.add(3, 10);
    backlog.acknowledge(2);
    assertThat(backlog.bytes()).isEqualTo(10 + Backlog.CHUNK_OVERHEAD_BYTES);
    backlog.acknowledge(3);
    assertThat(backlog.bytes()).isZero();
  }
}
