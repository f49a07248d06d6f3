package dev.mayfly.worker.daemon.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.core.bundle.BundleBroken;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleCacheTest {
  private static final BundleDigest ABSENT = new BundleDigest("sha256:" + "0".repeat(64));
  @TempDir Path root;
  private BundleCache cache;

  @BeforeEach
  void open() throws Exception {
    cache = BundleCache.open(root.resolve("images"), root.resolve("checked"), "x86_64");
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
    var paths = cache.verify(digest);
    assertThat(cache.find(digest)).contains(paths);
    assertThat(paths.kernel()).hasContent("kernel");
    assertThat(paths.initramfs()).hasContent("initramfs");
    assertThat(paths.rootfs().orElseThrow()).hasContent("root");
    assertThat(paths.rootFileSystem()).isEqualTo("erofs");
    assertThat(paths.needsAcpi()).isTrue();
    assertThat(paths.environment()).containsExactly("PATH=/bin");
    assertThat(paths.user()).isEqualTo("user");
    assertThat(paths.workingDirectory()).isEqualTo("/workspace");
  }

  @Test
  void aFileThatWasChangedBreaksTheBundle() throws Exception {
    var digest = publish("debian:12", "x86_64", "root");
    cache.refresh();
    Files.writeString(cache.verify(digest).rootfs().orElseThrow(), "evil");
    assertThatThrownBy(() -> cache.verify(digest))
        .isInstanceOf(BundleBroken.class)
        .hasMessageContaining("rootfs.erofs");
    assertThat(cache.refresh()).isTrue();
    assertThat(cache.ready()).isEmpty();
  }

  @Test
  void aManifestThatWasChangedIsNoBundle() throws Exception {
    var digest = publish("debian:12", "x86_64", "root");
    var manifest = cache.verify(digest).kernel().resolveSibling("manifest.json");
    Files.writeString(manifest, "{}");
    assertThat(cache.find(digest)).isEmpty();
    assertThatThrownBy(() -> cache.verify(digest)).isInstanceOf(BundleBroken.class);
  }

  @Test
  void anAbsentBundleIsSaidToBeAbsent() {
    assertThat(cache.find(ABSENT)).isEmpty();
    assertThatThrownBy(() -> cache.verify(ABSENT)).hasMessageContaining("not on this host");
  }

  @Test
  void aBundleOfAnotherArchitectureIsNotForThisHost() throws Exception {
    var digest = publish("debian:12", "aarch64", "root");
    cache.refresh();
    assertThat(cache.ready()).isEmpty();
    assertThat(cache.find(digest)).isEmpty();
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
    assertThat(cache.describe())
        .containsExactly("debian:12 " + digest + " (0 MiB, kernel 6.1.0-test)");
  }
}
