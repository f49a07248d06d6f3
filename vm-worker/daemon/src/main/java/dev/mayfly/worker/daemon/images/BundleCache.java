package dev.mayfly.worker.daemon.images;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleBrokenException;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleManifest.Guest;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.BundleVerifier;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.core.bundle.BundleFailure;
import dev.mayfly.worker.core.bundle.BundleFailure.Kind;
import dev.mayfly.worker.core.bundle.BundlePaths;
import dev.mayfly.worker.core.bundle.BundleUse;
import dev.mayfly.worker.core.bundle.Bundles;
import dev.mayfly.worker.core.bundle.PullListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The boot bundles of this worker: those of the builder on this host, linked, and those pulled from
 * the orchestrator. Thread-safe; the first check of a bundle reads all of it.
 */
public final class BundleCache implements Bundles {
  private static final Logger log = LoggerFactory.getLogger(BundleCache.class);

  private final BundleStore store;
  private final BundleVerifier verifier;
  private final SeedStore seeds;
  private final CacheLedger ledger;
  private final BundleTrust trust;
  private final Pulls pulls;
  private final CacheOptions options;
  private final Set<Sha256> toldUnbootable = ConcurrentHashMap.newKeySet();
  private volatile List<BundleDigest> ready = List.of();

  private BundleCache(CacheOptions options, CachePorts ports) throws IOException {
    this.options = options;
    this.store = BundleStore.open(options.directory());
    this.verifier = new BundleVerifier(options.memory());
    this.seeds = new SeedStore(options.seed());
    this.ledger = CacheLedger.open(options.directory(), ports.clock());
    this.trust = options.trust();
    var room = new CacheRoom(store, ledger, options.maxBytes(), this::freeBytes);
    this.pulls =
        new Pulls(
            new PullPorts(
                store,
                seeds,
                ports.source(),
                trust,
                room,
                new PullGate(options.connections()),
                new KeyedLocks(),
                options.architecture(),
                ports.pause()),
            ports.nanoTime(),
            ports.changed(),
            ports.observer());
  }

  /** Opens the cache; what an earlier run left unfinished is gone on from or collected. */
  public static BundleCache open(CacheOptions options, CachePorts ports) throws IOException {
    return new BundleCache(options, ports);
  }

  private long freeBytes() throws IOException {
    return Files.getFileStore(options.directory()).getUsableSpace();
  }

  @Override
  public Optional<BundlePaths> find(BundleDigest digest) {
    return stored(sha256(digest)).map(BundleCache::paths);
  }

  private Optional<BootBundle> stored(Sha256 digest) {
    try {
      return store.find(digest).filter(this::isForThisHost);
    } catch (IOException failure) {
      log.atWarn()
          .addKeyValue("bundle", digest)
          .setCause(failure)
          .log("Boot bundle was not readable");
      return Optional.empty();
    }
  }

  /** Also one of another architecture. */
  private boolean isHere(Sha256 digest) {
    try {
      return store.find(digest).isPresent();
    } catch (IOException broken) {
      return false;
    }
  }

  @Override
  public List<BundleDigest> ready() {
    return ready;
  }

  @Override
  public Duration pullLimit() {
    return options.pullLimit();
  }

  @Override
  public BundleUse acquire(BundleDigest wanted, PullListener listener)
      throws BundleFailure, InterruptedException {
    var digest = sha256(wanted);
    ledger.use(digest);
    boolean given = false;
    try {
      var bundle = checked(digest, listener);
      given = true;
      return new Use(digest, paths(bundle));
    } finally {
      if (!given) {
        ledger.release(digest);
      }
    }
  }

  private BootBundle checked(Sha256 digest, PullListener listener)
      throws BundleFailure, InterruptedException {
    var here = stored(digest);
    if (here.isPresent()) {
      try {
        return bootable(here.get());
      } catch (BundleBrokenException broke) {
        // Another copy may be right.
        discard(here.get(), broke);
      } catch (IOException failure) {
        throw new BundleFailure(Kind.BROKEN, String.valueOf(failure.getMessage()), failure);
      }
    }
    var fetched = seeds.link(digest, store) ? stored(digest) : Optional.<BootBundle>empty();
    if (fetched.isEmpty()) {
      fetched = Optional.of(pulls.await(digest, options.pullLimit(), listener));
    }
    try {
      var bundle = bootable(fetched.get());
      refresh();
      return bundle;
    } catch (IOException failure) {
      throw new BundleFailure(Kind.BROKEN, String.valueOf(failure.getMessage()), failure);
    }
  }

  private BootBundle bootable(BootBundle bundle)
      throws BundleFailure, IOException, InterruptedException {
    verifier.verify(bundle);
    if (trust.keys().isPresent()) {
      byte[] manifest = bundle.manifest().toBytes();
      try {
        trust.require(manifest, store.signatures(bundle.digest()));
      } catch (BundleFailure unsigned) {
        seeds.takeSignatures(bundle.digest(), store);
        trust.require(manifest, store.signatures(bundle.digest()));
      }
    }
    return bundle;
  }

  /** So that the next pull does not build on what is broken. */
  private void discard(BootBundle bundle, IOException why)
      throws BundleFailure, InterruptedException {
    log.atError()
        .addKeyValue("bundle", bundle.digest())
        .setCause(why)
        .log("Boot bundle is broken and was removed from the cache");
    try {
      for (BundleFile file : bundle.manifest().files()) {
        if (!verifier.isRight(bundle, file)) {
          store.blobs().remove(file.sha256());
        }
      }
      store.remove(bundle.digest());
    } catch (IOException failure) {
      throw new BundleFailure(Kind.BROKEN, String.valueOf(why.getMessage()), failure);
    }
  }

  @Override
  public Optional<BundleUse> hold(BundleDigest wanted) {
    var digest = sha256(wanted);
    ledger.use(digest);
    Optional<BundleUse> use = stored(digest).map(bundle -> new Use(digest, paths(bundle)));
    if (use.isEmpty()) {
      ledger.release(digest);
    }
    return use;
  }

  /**
   * Which bundles should be here before a job asks.
   *
   * @param wanted the most wanted first
   * @param pinned those that are never removed to make room
   */
  void keep(List<Sha256> wanted, List<Sha256> pinned) {
    ledger.keep(wanted, pinned);
  }

  /** Of those that should be here, the ones that are not, the most wanted first. */
  List<Sha256> lacking() {
    var there = ready;
    return ledger.wanted().stream()
        .filter(digest -> !there.contains(new BundleDigest(digest.toString())))
        .toList();
  }

  /** Fetches one that no job waits for. */
  void prefetch(Sha256 digest) throws BundleFailure, InterruptedException {
    if (stored(digest).isEmpty() && !seeds.link(digest, store)) {
      pulls.prefetch(digest);
    }
    refresh();
  }

  /** Takes up a bundle of another store on this host, which may then be removed there. */
  public void takeUp(Path images, Sha256 digest) throws InterruptedException {
    if (stored(digest).isEmpty()) {
      new SeedStore(Optional.of(images)).link(digest, store);
    }
    refresh();
  }

  /** What becomes of bundles that are not here. */
  public List<PullState> states() {
    return pulls.states();
  }

  /**
   * Takes up what the builder has published, and looks which bundles are here and right; to be
   * called periodically.
   *
   * @return whether {@link #ready} has changed
   */
  public synchronized boolean refresh() throws InterruptedException {
    List<BootBundle> present;
    try {
      for (Sha256 digest : seeds.named()) {
        if (!isHere(digest)) {
          seeds.link(digest, store);
        }
      }
      present = store.list();
    } catch (IOException failure) {
      log.atWarn().setCause(failure).log("Boot bundles were not listed");
      return false;
    }
    var found = new ArrayList<BundleDigest>();
    for (var bundle : present) {
      if (isForThisHost(bundle) && isRight(bundle)) {
        pulls.forget(bundle.digest());
        found.add(new BundleDigest(bundle.digest().toString()));
      }
    }
    boolean changed = !found.equals(ready);
    ready = List.copyOf(found);
    return changed;
  }

  private boolean isRight(BootBundle bundle) throws InterruptedException {
    try {
      bootable(bundle);
      toldUnbootable.remove(bundle.digest());
      return true;
    } catch (BundleBrokenException broke) {
      try {
        discard(bundle, broke);
      } catch (BundleFailure stays) {
        log.atWarn().setCause(stays).log("Broken boot bundle was not removed");
      }
      return false;
    } catch (IOException | BundleFailure failure) {
      if (toldUnbootable.add(bundle.digest())) {
        log.atError()
            .addKeyValue("bundle", bundle.digest())
            .addKeyValue("reason", failure.getMessage())
            .log("Boot bundle cannot be booted and was left out");
      }
      return false;
    }
  }

  /**
   * A kernel to try a VMM with.
   *
   * @param sha256 of the kernel, 64 hexadecimal digits
   */
  public record TrialKernel(Path kernel, String sha256, Path initramfs, boolean needsAcpi) {}

  /** The kernel of one of the bundles that are ready and have our agent; empty: there is none. */
  public Optional<TrialKernel> trialKernel() {
    return ready.stream()
        .flatMap(digest -> stored(sha256(digest)).stream())
        .filter(bundle -> bundle.manifest().guest() == Guest.AGENT)
        .findFirst()
        .map(bundle -> {
          var kernel = bundle.manifest().kernel();
          return new TrialKernel(
              bundle.kernel(),
              kernel.file().sha256().hex(),
              bundle.initramfs().orElseThrow(),
              kernel.needsAcpi());
        });
  }

  /** The bundles of this host, for people. */
  public List<String> describe() throws IOException {
    var lines = new ArrayList<String>();
    for (var bundle : store.list()) {
      boolean usable = ready.contains(new BundleDigest(bundle.digest().toString()));
      lines.add(
          bundle.manifest().name()
              + " "
              + bundle.digest()
              + " ("
              + (bundle.size() >> 20)
              + " MiB, kernel "
              + bundle.manifest().kernel().release()
              + (usable ? ")" : ", cannot be booted)"));
    }
    return lines;
  }

  private boolean isForThisHost(BootBundle bundle) {
    return bundle.manifest().architecture().equals(options.architecture());
  }

  private static Sha256 sha256(BundleDigest digest) {
    return Sha256.parse(digest.value());
  }

  private static BundlePaths paths(BootBundle bundle) {
    var manifest = bundle.manifest();
    var defaults = manifest.defaults();
    return new BundlePaths(
        manifest.name(),
        switch (manifest.guest()) {
          case AGENT -> BundlePaths.Guest.AGENT;
          case CONSOLE -> BundlePaths.Guest.CONSOLE;
        },
        bundle.kernel(),
        bundle.initramfs(),
        bundle.rootfs(),
        manifest.rootfs().map(BundleManifest.Rootfs::fileSystem).orElse(""),
        manifest.kernel().needsAcpi(),
        manifest.kernel().arguments(),
        new BundlePaths.Defaults(
            defaults.environment(),
            defaults.user(),
            defaults.workingDirectory(),
            defaults.entrypoint(),
            defaults.command()));
  }

  private final class Use implements BundleUse {
    private final Sha256 digest;
    private final BundlePaths paths;
    private final AtomicBoolean closed = new AtomicBoolean();

    Use(Sha256 digest, BundlePaths paths) {
      this.digest = digest;
      this.paths = paths;
    }

    @Override
    public BundlePaths paths() {
      return paths;
    }

    @Override
    public void close() {
      if (!closed.getAndSet(true)) {
        ledger.release(digest);
      }
    }
  }
}
