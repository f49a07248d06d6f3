package dev.mayfly.worker.daemon.images;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.daemon.images.EvictionPolicy.Entry;
import dev.mayfly.worker.daemon.images.EvictionPolicy.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EvictionPolicyTest {
  private static final Sha256 A = digest("a");
  private static final Sha256 B = digest("b");
  private static final Sha256 C = digest("c");
  private static final Sha256 KERNEL = digest("0");

  private final List<Entry> entries = new ArrayList<>();
  private final Map<Sha256, Long> bytes = new HashMap<>();
  private long limit = 100;
  private long free = 1000;

  private static Sha256 digest(String digit) {
    return new Sha256(digit.repeat(64));
  }

  /** A bundle of one file that is called as it is. */
  private void bundle(
      Sha256 digest, long size, long lastUse, Optional<Integer> rank, boolean kept) {
    entries.add(new Entry(digest, Set.of(digest), Instant.ofEpochSecond(lastUse), rank, kept));
    bytes.put(digest, size);
  }

  private void unwanted(Sha256 digest, long size, long lastUse) {
    bundle(digest, size, lastUse, Optional.empty(), false);
  }

  private Optional<List<Sha256>> choose(long needed, boolean forJob) {
    return EvictionPolicy.choose(new View(entries, bytes, limit, free), needed, forJob);
  }

  @Test
  void whatFitsEvictsNothing() {
    unwanted(A, 40, 1);
    assertThat(choose(60, true)).contains(List.of());
  }

  @Test
  void theOneUsedLongestAgoGoesFirstAndNoMoreThanNeeded() {
    unwanted(A, 40, 3);
    unwanted(B, 30, 1);
    unwanted(C, 30, 2);
    assertThat(choose(20, true)).contains(List.of(B));
    assertThat(choose(50, true)).contains(List.of(B, C));
  }

  @Test
  void whatIsWantedGoesLastAndTheLeastWantedBeforeTheOthers() {
    bundle(A, 40, 1, Optional.of(0), false);
    bundle(B, 40, 2, Optional.of(1), false);
    unwanted(C, 20, 3);
    assertThat(choose(20, true)).contains(List.of(C));
    assertThat(choose(30, true)).contains(List.of(C, B));
    assertThat(choose(90, true)).contains(List.of(C, B, A));
  }

  @Test
  void nothingWantedGoesForWhatNoJobWaitsFor() {
    bundle(A, 90, 1, Optional.of(0), false);
    assertThat(choose(20, false)).isEmpty();
    assertThat(choose(20, true)).contains(List.of(A));
  }

  @Test
  void whatIsPinnedOrInUseNeverGoes() {
    bundle(A, 90, 1, Optional.empty(), true);
    assertThat(choose(20, true)).isEmpty();
    unwanted(B, 10, 2);
    assertThat(choose(10, true)).contains(List.of(B));
  }

  @Test
  void aFileThatAnotherBundleHasIsNotFreed() {
    entries.add(new Entry(A, Set.of(A, KERNEL), Instant.ofEpochSecond(1), Optional.empty(), false));
    entries.add(new Entry(B, Set.of(B, KERNEL), Instant.ofEpochSecond(2), Optional.empty(), false));
    bytes.putAll(Map.of(A, 10L, B, 10L, KERNEL, 80L));
    assertThat(choose(10, true)).contains(List.of(A));
    assertThat(choose(20, true)).contains(List.of(A, B));
    assertThat(choose(100, true)).contains(List.of(A, B));
    assertThat(choose(101, true)).isEmpty();
  }

  @Test
  void whatLiesElsewhereTooIsNotEvictedForNothing() {
    unwanted(A, 0, 1);
    unwanted(B, 90, 2);
    assertThat(choose(50, true)).contains(List.of(B));
  }

  @Test
  void aFullDiskCountsAsMuchAsTheLimit() {
    limit = 1_000_000;
    free = 10;
    unwanted(A, 40, 1);
    assertThat(choose(10, true)).contains(List.of());
    assertThat(choose(30, true)).contains(List.of(A));
    assertThat(choose(60, true)).isEmpty();
  }
}
