package dev.mayfly.worker.daemon.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.bundle.SigningKey;
import dev.mayfly.image.bundle.TrustedKeys;
import dev.mayfly.worker.core.bundle.BundleFailure;
import dev.mayfly.worker.core.bundle.BundlePaths;
import dev.mayfly.worker.core.bundle.BundlePaths.Guest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleCacheTest {
  private static final BundleDigest ABSENT = new BundleDigest("sha256:" + "0".repeat(64));
  @TempDir Path root;
  private final ServingSource orchestrator = new ServingSource();
  private BundleCache cache;

  @BeforeEach
  void open() throws Exception {
    cache = cache(BundleTrust.everything());
  }

  private BundleCache cache(BundleTrust trust) throws Exception {
    return BundleCache.open(
        new CacheOptions(
            root.resolve("cache"),
            Optional.of(root.resolve("images")),
            root.resolve("checked"),
            1 << 30,
            4,
            Duration.ofMinutes(1),
            "x86_64",
            trust),
        new CachePorts(
            orchestrator,
            InstantSource.system(),
            System::nanoTime,
            () -> {},
            time -> {},
            () -> {}));
  }

  private BundlePaths acquire(BundleDigest digest) throws Exception {
    try (var use = cache.acquire(digest, new Told())) {
      return use.paths();
    }
  }

  private BundleDigest publish(String name, String architecture, String rootfs) throws Exception {
    var staged = Files.createDirectories(root.resolve("images/work-" + name.hashCode()));
    var kernel = file(staged, "vmlinux", "kernel");
    var initramfs = file(staged, "initramfs.cpio.gz", "initramfs");
    var disk = file(staged, "rootfs.erofs", rootfs);
    var manifest =
        new BundleManifest(
            name,
            architecture,
            BundleManifest.Guest.AGENT,
            new BundleManifest.Kernel(kernel, "6.1.0-test", "debian-cloud", true, ""),
            Optional.of(
                new BundleManifest.Initramfs(
                    initramfs, Optional.of(new BundleManifest.Agent("0.1.0", 1)))),
            Optional.of(new BundleManifest.Rootfs(disk, "erofs")),
            Optional.empty(),
            new BundleManifest.Defaults(
                List.of("PATH=/bin"), "user", "/workspace", List.of(), List.of()),
            new BundleManifest.Provenance(
                new BundleManifest.Source("recipe", name, Sha256.of(new byte[0])),
                "0.1.0",
                List.of(),
                0));
    var store = BundleStore.open(root.resolve("images"));
    var bundle = store.publish(staged, manifest);
    store.point(name, bundle.digest());
    return new BundleDigest(bundle.digest().toString());
  }

  private static BundleFile file(Path directory, String name, String content) throws Exception {
    var bytes = content.getBytes(StandardCharsets.UTF_8);
    Files.write(directory.resolve(name), bytes);
    return new BundleFile(name, Sha256.of(bytes), bytes.length);
  }

  @Test
  void aBundleThatAppearsIsReadyAfterTheNextLook() throws Exception {
    assertThat(cache.refresh()).isFalse();
    assertThat(cache.ready()).isEmpty();
    var digest = publish("debian:12", "x86_64", "root");
    assertThat(cache.refresh()).isTrue();
    assertThat(cache.ready()).containsExactly(digest);
    assertThat(cache.refresh()).isFalse();
  }

  @Test
  void whatTheManifestSaysReachesTheJob() throws Exception {
    var digest = publish("debian:12", "x86_64", "root");
    var paths = acquire(digest);
    assertThat(cache.find(digest)).contains(paths);
    assertThat(paths.guest()).isEqualTo(Guest.AGENT);
    assertThat(paths.kernel()).hasContent("kernel").startsWith(root.resolve("cache"));
    assertThat(paths.initramfs().orElseThrow()).hasContent("initramfs");
    assertThat(paths.rootfs().orElseThrow()).hasContent("root");
    assertThat(paths.rootFileSystem()).isEqualTo("erofs");
    assertThat(paths.needsAcpi()).isTrue();
    assertThat(paths.defaults().environment()).containsExactly("PATH=/bin");
    assertThat(paths.defaults().user()).isEqualTo("user");
    assertThat(paths.defaults().workingDirectory()).isEqualTo("/workspace");
    assertThat(paths.defaults().commandLine()).isEmpty();
  }

  @Test
  void whatTheBuilderHasIsLinkedAndNotCopied() throws Exception {
    var digest = publish("debian:12", "x86_64", "root");
    var theirs = BundleStore.open(root.resolve("images")).find("debian:12").orElseThrow();
    assertThat(Files.getAttribute(acquire(digest).kernel(), "unix:ino"))
        .isEqualTo(Files.getAttribute(theirs.kernel(), "unix:ino"));
    assertThat(orchestrator.asked()).isZero();
  }

  @Test
  void aBundleOutlivesItsBuildersCopy() throws Exception {
    var digest = publish("debian:12", "x86_64", "root");
    cache.refresh();
    var theirs = BundleStore.open(root.resolve("images"));
    theirs.forget("debian:12");
    theirs.collectGarbage();
    cache.refresh();
    assertThat(cache.ready()).containsExactly(digest);
    assertThat(acquire(digest).kernel()).hasContent("kernel");
  }

  @Test
  void aBundleThatWasChangedIsRemovedAndComesAgainFromTheOrchestrator() throws Exception {
    var digest = publish("debian:12", "x86_64", "root");
    orchestrator.serve(BundleStore.open(root.resolve("images")), root.resolve("served"));
    cache.refresh();
    // The builder's file too: it is the same.
    Files.writeString(acquire(digest).rootfs().orElseThrow(), "evil");
    assertThat(cache.refresh()).isTrue();
    assertThat(cache.ready()).isEmpty();

    assertThat(acquire(digest).rootfs().orElseThrow()).hasContent("root");
    assertThat(cache.ready()).containsExactly(digest);
  }

  @Test
  void aBrokenBundleThatNobodyHasElseIsNotBooted() throws Exception {
    var digest = publish("debian:12", "x86_64", "root");
    Files.writeString(acquire(digest).rootfs().orElseThrow(), "evil");
    assertThatThrownBy(() -> acquire(digest))
        .isInstanceOfSatisfying(
            BundleFailure.class,
            failure -> assertThat(failure.kind()).isEqualTo(BundleFailure.Kind.ABSENT));
  }

  @Test
  void aManifestThatWasChangedIsNoBundleAndIsMendedByTheBuilders() throws Exception {
    var digest = publish("debian:12", "x86_64", "root");
    var manifest = acquire(digest).kernel().resolveSibling("manifest.json");
    Files.writeString(manifest, "{}");
    assertThat(cache.find(digest)).isEmpty();
    cache.refresh();
    assertThat(cache.find(digest)).isPresent();
  }

  @Test
  void anAbsentBundleIsSaidToBeAbsent() {
    assertThat(cache.find(ABSENT)).isEmpty();
    assertThatThrownBy(() -> acquire(ABSENT))
        .isInstanceOfSatisfying(
            BundleFailure.class,
            failure -> assertThat(failure.kind()).isEqualTo(BundleFailure.Kind.ABSENT));
  }

  @Test
  void whereSignaturesAreAskedForOnlySignedBundlesAreReady() throws Exception {
    var key = SigningKey.create(root.resolve("key.pem"));
    var keys = Files.createDirectory(root.resolve("keys"));
    Files.copy(root.resolve("key.pem.pub"), keys.resolve("key.pub"));
    cache = cache(new BundleTrust(Optional.of(TrustedKeys.read(keys))));
    var digest = publish("debian:12", "x86_64", "root");

    cache.refresh();
    assertThat(cache.ready()).isEmpty();
    assertThatThrownBy(() -> acquire(digest))
        .isInstanceOfSatisfying(
            BundleFailure.class,
            failure -> assertThat(failure.kind()).isEqualTo(BundleFailure.Kind.UNTRUSTED))
        .hasMessageContaining("no signature");
    var theirs = BundleStore.open(root.resolve("images"));
    var bundle = theirs.find("debian:12").orElseThrow();
    theirs.sign(bundle.digest(), List.of(key.sign(bundle.manifest().toBytes())));
    cache.refresh();

    assertThat(cache.ready()).containsExactly(digest);
    assertThat(acquire(digest).kernel()).hasContent("kernel");
  }

  @Test
  void aBundleOfAnotherArchitectureIsNotForThisHost() throws Exception {
    var digest = publish("debian:12", "aarch64", "root");
    cache.refresh();
    assertThat(cache.ready()).isEmpty();
    assertThat(cache.find(digest)).isEmpty();
    assertThat(cache.refresh()).isFalse();
  }

  @Test
  void aReadyBundleLendsItsKernelForATrial() throws Exception {
    assertThat(cache.trialKernel()).isEmpty();
    publish("debian:12", "x86_64", "root");
    cache.refresh();
    var trial = cache.trialKernel().orElseThrow();
    assertThat(trial.kernel()).hasContent("kernel");
    assertThat(trial.sha256())
        .isEqualTo(Sha256.of("kernel".getBytes(StandardCharsets.UTF_8)).hex());
    assertThat(trial.needsAcpi()).isTrue();
  }

  @Test
  void peopleSeeTheNames() throws Exception {
    var digest = publish("debian:12", "x86_64", "root");
    cache.refresh();
    assertThat(cache.describe())
        .containsExactly("debian:12 " + digest + " (0 MiB, kernel 6.1.0-test)");
  }
}
