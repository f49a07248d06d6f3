package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.Sha256;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides which bundles go so that there is room for more: those that nobody wants first, the one
 * whose last use is longest ago before the others; then, for a job, those that are wanted, the
 * least wanted first. What is pinned or in use stays, and so does what would free nothing, because
 * its files lie elsewhere on the host too. Pure.
 */
final class EvictionPolicy {
  private EvictionPolicy() {}

  /**
   * One bundle of the cache.
   *
   * @param blobs its files
   * @param rank how much it is wanted, 0 the most; empty: not at all
   * @param kept pinned or in use
   */
  record Entry(
      Sha256 digest, Set<Sha256> blobs, Instant lastUse, Optional<Integer> rank, boolean kept) {
    Entry {
      blobs = Set.copyOf(blobs);
    }
  }

  /**
   * What the cache holds and may hold.
   *
   * @param bytes what each blob takes from the disk; nothing, when it lies elsewhere too
   * @param freeBytes of the file system, but for what must stay free
   */
  record View(List<Entry> entries, Map<Sha256, Long> bytes, long limitBytes, long freeBytes) {
    View {
      entries = List.copyOf(entries);
      bytes = Map.copyOf(bytes);
    }
  }

  /**
   * Makes room.
   *
   * @param needed bytes that are to come
   * @param wantedToo whether what is wanted may go, too
   * @return which bundles are to go, in order; empty when that would not be enough
   */
  static Optional<List<Sha256>> choose(View view, long needed, boolean wantedToo) {
    long used = view.bytes().values().stream().mapToLong(Long::longValue).sum();
    long missing = Math.max(used + needed - view.limitBytes(), needed - view.freeBytes());
    List<Entry> left = new ArrayList<>(view.entries());
    List<Sha256> chosen = new ArrayList<>();
    for (Entry entry : candidates(view.entries(), wantedToo)) {
      if (missing <= 0) {
        break;
      }
      left.remove(entry);
      long freed = freed(entry, left, view.bytes());
      if (freed > 0) {
        chosen.add(entry.digest());
        missing -= freed;
      } else {
        left.add(entry);
      }
    }
    return missing <= 0 ? Optional.of(List.copyOf(chosen)) : Optional.empty();
  }

  private static List<Entry> candidates(List<Entry> entries, boolean wantedToo) {
    return entries.stream()
        .filter(entry -> !entry.kept() && (wantedToo || entry.rank().isEmpty()))
        .sorted(
            Comparator.comparingInt((Entry entry) -> -entry.rank().orElse(Integer.MAX_VALUE))
                .thenComparing(Entry::lastUse)
                .thenComparing(Entry::digest))
        .toList();
  }

  private static long freed(Entry entry, List<Entry> left, Map<Sha256, Long> bytes) {
    Set<Sha256> blobs = new HashSet<>(entry.blobs());
    left.forEach(other -> blobs.removeAll(other.blobs()));
    return blobs.stream().mapToLong(blob -> bytes.getOrDefault(blob, 0L)).sum();
  }
}
