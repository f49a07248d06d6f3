package dev.mayfly.worker.daemon.images;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.BundleVerifier;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.core.bundle.BundleBroken;
import dev.mayfly.worker.core.bundle.BundlePaths;
import dev.mayfly.worker.core.bundle.Bundles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The boot bundles that the image builder has published on this host. Thread-safe; the first check
 * of a bundle reads all of it.
 */
public final class BundleCache implements Bundles {
  private static final Logger log = LoggerFactory.getLogger(BundleCache.class);

  private final BundleStore store;
  private final BundleVerifier verifier;
  private final String architecture;
  private final Set<Sha256> toldBroken = new HashSet<>();
  private volatile List<BundleDigest> ready = List.of();

  private BundleCache(BundleStore store, BundleVerifier verifier, String architecture) {
    this.store = store;
    this.verifier = verifier;
    this.architecture = architecture;
  }

  /**
   * Opens the store of this host.
   *
   * @param memory where it is remembered which files have been checked
   * @param architecture only bundles of this one can be booted here
   */
  public static BundleCache open(Path images, Path memory, String architecture) throws IOException {
    return new BundleCache(BundleStore.open(images), new BundleVerifier(memory), architecture);
  }

  @Override
  public Optional<BundlePaths> find(BundleDigest digest) {
    try {
      return store.find(sha256(digest)).filter(this::isForThisHost).map(BundleCache::paths);
    } catch (IOException failure) {
      log.atWarn()
          .addKeyValue("bundle", digest)
          .setCause(failure)
          .log("Boot bundle was not readable");
      return Optional.empty();
    }
  }

  @Override
  public List<BundleDigest> ready() {
    return ready;
  }

  @Override
  public BundlePaths verify(BundleDigest digest) throws BundleBroken {
    try {
      var bundle = store.find(sha256(digest));
      if (bundle.isEmpty()) {
        throw new BundleBroken("boot bundle " + digest + " is not on this host");
      }
      verifier.verify(bundle.get());
      return paths(bundle.get());
    } catch (IOException failure) {
      throw new BundleBroken(String.valueOf(failure.getMessage()), failure);
    }
  }

  /**
   * Looks which bundles are there and right; to be called by one thread, periodically.
   *
   * @return whether {@link #ready} has changed
   */
  public boolean refresh() {
    var found = new ArrayList<BundleDigest>();
    List<BootBundle> present;
    try {
      present = store.list();
    } catch (IOException failure) {
      log.atWarn().setCause(failure).log("Boot bundles were not listed");
      return false;
    }
    for (var bundle : present) {
      if (isForThisHost(bundle) && isRight(bundle)) {
        found.add(new BundleDigest(bundle.digest().toString()));
      }
    }
    boolean changed = !found.equals(ready);
    ready = List.copyOf(found);
    return changed;
  }

  /**
   * A kernel to try a VMM with.
   *
   * @param sha256 of the kernel, 64 hexadecimal digits
   */
  public record TrialKernel(Path kernel, String sha256, Path initramfs, boolean needsAcpi) {}

  /** The kernel of one of the bundles that are ready; empty when there is none. */
  public Optional<TrialKernel> trialKernel() {
    for (var digest : ready) {
      try {
        var bundle = store.find(sha256(digest));
        if (bundle.isPresent()) {
          var kernel = bundle.get().manifest().kernel();
          return Optional.of(
              new TrialKernel(
                  bundle.get().kernel(),
                  kernel.file().sha256().hex(),
                  bundle.get().initramfs().orElseThrow(),
                  kernel.needsAcpi()));
        }
      } catch (IOException failure) {
        log.atWarn()
            .addKeyValue("bundle", digest)
            .setCause(failure)
            .log("Boot bundle was not readable");
      }
    }
    return Optional.empty();
  }

  /** Image names of this host with their bundles, for people. */
  public List<String> describe() throws IOException {
    var lines = new ArrayList<String>();
    for (var name : store.names().entrySet()) {
      var bundle = store.find(name.getValue());
      lines.add(
          name.getKey()
              + " "
              + name.getValue()
              + bundle
                  .map(found -> " (" + (found.size() >> 20) + " MiB, kernel " + kernel(found) + ")")
                  .orElse(" (absent)"));
    }
    return lines;
  }

  private static String kernel(BootBundle bundle) {
    return bundle.manifest().kernel().release();
  }

  private boolean isRight(BootBundle bundle) {
    try {
      verifier.verify(bundle);
      toldBroken.remove(bundle.digest());
      return true;
    } catch (IOException failure) {
      if (toldBroken.add(bundle.digest())) {
        log.atError()
            .addKeyValue("bundle", bundle.digest())
            .setCause(failure)
            .log("Boot bundle is broken and was left out");
      }
      return false;
    }
  }

  private boolean isForThisHost(BootBundle bundle) {
    return bundle.manifest().architecture().equals(architecture);
  }

  private static Sha256 sha256(BundleDigest digest) {
    return Sha256.parse(digest.value());
  }

  private static BundlePaths paths(BootBundle bundle) {
    var manifest = bundle.manifest();
    return new BundlePaths(
        manifest.name(),
        bundle.kernel(),
        bundle.initramfs().orElseThrow(),
        bundle.rootfs(),
        manifest.rootfs().map(BundleManifest.Rootfs::fileSystem).orElse(""),
        manifest.kernel().needsAcpi(),
        manifest.defaults().environment(),
        manifest.defaults().user(),
        manifest.defaults().workingDirectory());
  }
}
