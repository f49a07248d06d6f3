package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.core.bundle.BundleFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes room in the cache, as the {@link EvictionPolicy} says. Thread-safe: one at a time. */
final class CacheRoom {
  /** Logs, journals and scratch disks share the file system as a rule. */
  private static final long STAYS_FREE_BYTES = 256L << 20;

  private static final Logger log = LoggerFactory.getLogger(CacheRoom.class);

  private final BundleStore store;
  private final CacheLedger ledger;
  private final long limitBytes;
  private final FreeSpace space;

  /** How much the file system of the cache has left. */
  @FunctionalInterface
  interface FreeSpace {
    long bytes() throws IOException;
  }

  CacheRoom(BundleStore store, CacheLedger ledger, long limitBytes, FreeSpace space) {
    this.store = store;
    this.ledger = ledger;
    this.limitBytes = limitBytes;
    this.space = space;
  }

  /**
   * Evicts until so many bytes can come.
   *
   * @param forJob what is wanted may go as well
   * @throws BundleFailure when nothing that may go would be enough
   */
  synchronized void make(long needed, boolean forJob)
      throws BundleFailure, IOException, InterruptedException {
    var view = view();
    var chosen = EvictionPolicy.choose(view, needed, forJob);
    if (chosen.isEmpty()) {
      long used = view.bytes().values().stream().mapToLong(Long::longValue).sum();
      throw new BundleFailure(
          BundleFailure.Kind.PULL_FAILED,
          "there is no room for it: "
              + mib(needed)
              + " MiB are needed; the image cache has "
              + mib(used)
              + " of at most "
              + mib(limitBytes)
              + " MiB, and its file system "
              + mib(Math.max(0, view.freeBytes()))
              + " MiB to spare, and what may go is not enough"
              + " (see mayfly.worker.images-max-mib)",
          null);
    }
    for (Sha256 digest : chosen.get()) {
      if (!ledger.isKept(digest)) {
        store.remove(digest);
        log.atInfo()
            .addKeyValue("bundle", digest)
            .log("Boot bundle was removed to make room for another");
      }
    }
  }

  private EvictionPolicy.View view() throws IOException {
    List<EvictionPolicy.Entry> entries = new ArrayList<>();
    Map<Sha256, Integer> links = new HashMap<>();
    Set<Sha256> present = new HashSet<>();
    for (BootBundle bundle : store.list()) {
      present.add(bundle.digest());
      Set<Sha256> blobs = new HashSet<>();
      for (BundleFile file : bundle.manifest().files()) {
        blobs.add(file.sha256());
        links.merge(file.sha256(), 1, Integer::sum);
      }
      entries.add(
          new EvictionPolicy.Entry(
              bundle.digest(),
              blobs,
              ledger.lastUse(bundle.digest()),
              ledger.rank(bundle.digest()),
              ledger.isKept(bundle.digest())));
    }
    ledger.retain(present);
    Map<Sha256, Long> bytes = new HashMap<>();
    for (Sha256 blob : store.blobs().list()) {
      store.blobs().find(blob).ifPresent(path -> bytes.put(blob, cost(path, links.get(blob))));
    }
    return new EvictionPolicy.View(entries, bytes, limitBytes, space.bytes() - STAYS_FREE_BYTES);
  }

  /** Nothing, when another store has the same file: removing it here would free nothing. */
  private static long cost(Path blob, @org.jspecify.annotations.Nullable Integer linksOfBundles) {
    try {
      long ours = 1L + (linksOfBundles == null ? 0 : linksOfBundles);
      Object links = Files.getAttribute(blob, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
      boolean elsewhere = links instanceof Number count && count.longValue() > ours;
      return elsewhere ? 0 : Files.size(blob);
    } catch (IOException gone) {
      return 0;
    }
  }

  static long mib(long bytes) {
    return (bytes + (1 << 20) - 1) >> 20;
  }
}
