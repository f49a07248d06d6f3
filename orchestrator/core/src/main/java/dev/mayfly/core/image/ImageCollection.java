package dev.mayfly.core.image;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Removes what names, versions, jobs and bundles need no more: versions beyond what policies keep,
 * bundles, blobs. Idempotent; may run on several orchestrators at once. Blocks; a large removal
 * takes minutes.
 */
public final class ImageCollection {

  /** What was stored since is left alone: its publisher may not be done with it. */
  public static final Duration GRACE = Duration.ofHours(1);

  /** Per call; the next takes the rest. */
  static final int MAX_BUNDLES = 1000;

  /** Per call; the next takes the rest. */
  static final int MAX_BLOBS = 4000;

  private static final int PAGE = 1000;

  /** Nobody can store a bundle while so many are removed. */
  private static final int BATCH = 32;

  private final BundleStore bundles;
  private final BlobStore blobs;
  private final InstantSource clock;

  public ImageCollection(BundleStore bundles, BlobStore blobs, InstantSource clock) {
    this.bundles = bundles;
    this.blobs = blobs;
    this.clock = clock;
  }

  /**
   * What was removed.
   *
   * @param blobs how many
   * @param bytes of those blobs
   * @param complete whether nothing is left to remove
   */
  public record Collected(
      int versions, List<BundleDigest> bundles, int blobs, long bytes, boolean complete) {
    public Collected {
      bundles = List.copyOf(bundles);
    }
  }

  /**
   * One pass.
   *
   * @throws UncheckedIOException when the blobs' store breaks; what was removed until then is gone
   */
  public Collected collect() {
    Instant before = clock.instant().minus(GRACE);
    int versions = bundles.trimVersions();
    List<BundleDigest> removed = bundles.removeUnneeded(before, MAX_BUNDLES);
    try {
      Sweep sweep = new Sweep();
      boolean all = sweep.run(before);
      blobs.removeLeftovers(before);
      return new Collected(
          versions, removed, sweep.count, sweep.bytes, all && removed.size() < MAX_BUNDLES);
    } catch (IOException broken) {
      throw new UncheckedIOException("the store of blobs could not be swept", broken);
    }
  }

  /** One look at every blob. */
  private final class Sweep {
    private final Map<BlobDigest, Long> batch = new HashMap<>();
    private int count;
    private long bytes;

    /** Whether it came to the end. */
    boolean run(Instant before) throws IOException {
      Optional<BlobDigest> after = Optional.empty();
      while (true) {
        // A page may be short without being the last.
        List<BlobStore.Stored> page = blobs.list(after, PAGE);
        if (page.isEmpty()) {
          remove();
          return true;
        }
        for (BlobStore.Stored blob : page) {
          if (blob.storedAt().isBefore(before)) {
            batch.put(blob.digest(), blob.sizeBytes());
          }
          if (batch.size() >= BATCH) {
            remove();
          }
        }
        if (count >= MAX_BLOBS) {
          return false;
        }
        after = Optional.of(page.getLast().digest());
      }
    }

    private void remove() {
      if (batch.isEmpty()) {
        return;
      }
      bundles.removeUnneeded(new ArrayList<>(batch.keySet()), this::removeOne);
      batch.clear();
    }

    private void removeOne(BlobDigest blob) {
      try {
        blobs.delete(blob);
      } catch (IOException broken) {
        throw new UncheckedIOException("a blob could not be removed", broken);
      }
      count++;
      bytes += batch.getOrDefault(blob, 0L);
    }
  }
}
