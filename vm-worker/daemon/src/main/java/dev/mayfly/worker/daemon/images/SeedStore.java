package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The image builder's store on the same host: what lies there is linked instead of pulled, and
 * checked all the same. Nothing is changed there. Thread-safe.
 */
final class SeedStore {
  private static final Logger log = LoggerFactory.getLogger(SeedStore.class);

  private final Optional<Path> directory;
  private final Map<Sha256, FileTime> broken = new ConcurrentHashMap<>();

  /**
   * @param directory empty: there is none
   */
  SeedStore(Optional<Path> directory) {
    this.directory = directory;
  }

  private Optional<BundleStore> store() throws IOException {
    // Not made where it is absent: it is the builder's.
    return directory.isPresent() && Files.isDirectory(directory.get().resolve("bundles"))
        ? Optional.of(BundleStore.open(directory.get()))
        : Optional.empty();
  }

  /** The bundles that the names of the seed point to. */
  SortedSet<Sha256> named() throws IOException {
    var store = store();
    return store.isEmpty() ? new TreeSet<>() : new TreeSet<>(store.get().names().values());
  }

  /**
   * Links a whole bundle, when it lies there and is right; false when not. One that was found
   * broken is not read again before it was published again.
   */
  boolean link(Sha256 digest, BundleStore cache) throws InterruptedException {
    FileTime published = FileTime.fromMillis(0);
    try {
      var store = store();
      Optional<BootBundle> there = store.isEmpty() ? Optional.empty() : store.get().find(digest);
      if (there.isEmpty()) {
        return false;
      }
      published = changedAt(there.get().directory());
      if (published.equals(broken.get(digest))) {
        return false;
      }
      for (BundleFile file : there.get().manifest().files()) {
        cache
            .blobs()
            .take(there.get().directory().resolve(file.name()), file.sha256(), file.size());
      }
      cache.assemble(there.get().manifest(), store.get().signatures(digest));
      broken.remove(digest);
      log.atInfo().addKeyValue("bundle", digest).log("Boot bundle of this host was taken up");
      return true;
    } catch (IOException failure) {
      if (!published.equals(broken.put(digest, published))) {
        log.atError()
            .addKeyValue("bundle", digest)
            .setCause(failure)
            .log("Boot bundle of this host could not be taken up");
      }
      return false;
    }
  }

  private static FileTime changedAt(Path bundle) throws IOException {
    return Files.getAttribute(bundle, "unix:ctime") instanceof FileTime time
        ? time
        : FileTime.fromMillis(0);
  }

  /** Links those files of a bundle that lie there; the others are for somebody else to bring. */
  void linkBlobs(BundleManifest manifest, BundleStore cache) {
    try {
      var store = store();
      if (store.isEmpty()) {
        return;
      }
      for (BundleFile file : manifest.files()) {
        var there = store.get().blobs().find(file.sha256());
        if (there.isPresent() && cache.blobs().find(file.sha256()).isEmpty()) {
          cache.blobs().take(there.get(), file.sha256(), file.size());
        }
      }
    } catch (IOException failure) {
      log.atWarn().setCause(failure).log("Files of this host's image store could not be taken up");
    }
  }

  /** Signatures that were added there after the bundle was taken up. */
  void takeSignatures(Sha256 digest, BundleStore cache) throws InterruptedException {
    try {
      var store = store();
      if (store.isPresent() && store.get().find(digest).isPresent()) {
        var have = new HashSet<>(cache.signatures(digest));
        var more =
            store.get().signatures(digest).stream()
                .filter(signature -> !have.contains(signature))
                .toList();
        cache.sign(digest, more);
      }
    } catch (IOException | IllegalArgumentException failure) {
      log.atWarn()
          .addKeyValue("bundle", digest)
          .setCause(failure)
          .log("Signatures of this host's image store could not be taken up");
    }
  }
}
