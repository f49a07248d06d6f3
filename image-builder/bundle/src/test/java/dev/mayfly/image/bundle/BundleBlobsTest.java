package dev.mayfly.image.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleBlobsTest {
  @TempDir Path home;
  private BundleStore store;

  @BeforeEach
  void open() throws IOException {
    store = BundleStore.open(home.resolve("images"));
  }

  @Test
  void everyFileOfABundleIsABlobAndLiesOnce() throws Exception {
    BootBundle bundle = SampleBundles.publish(store, home.resolve("a"), "debian:12", "one");

    for (BundleFile file : bundle.manifest().files()) {
      Path blob = store.blobs().find(file.sha256()).orElseThrow();
      assertThat(inode(blob)).isEqualTo(inode(bundle.path(file)));
    }
  }

  @Test
  void aFileThatTwoBundlesShareLiesOnce() throws Exception {
    BootBundle one = SampleBundles.publish(store, home.resolve("a"), "debian:12", "one");
    BootBundle other = SampleBundles.publish(store, home.resolve("b"), "debian:13", "one");

    assertThat(other.digest()).isNotEqualTo(one.digest());
    assertThat(inode(other.kernel())).isEqualTo(inode(one.kernel()));
  }

  @Test
  void aBundleIsPutTogetherFromBlobs() throws Exception {
    BootBundle origin = SampleBundles.publish(store, home.resolve("a"), "debian:12", "one");
    BundleStore cache = BundleStore.open(home.resolve("cache"));
    BundleManifest manifest = origin.manifest();
    assertThatThrownBy(() -> cache.assemble(manifest, List.of()))
        .isInstanceOf(BlobMissingException.class)
        .hasMessageContaining("vmlinux")
        .hasMessageContaining(manifest.kernel().file().sha256().toString());
    for (BundleFile file : manifest.files()) {
      cache.blobs().take(origin.path(file), file.sha256(), file.size());
    }

    BootBundle assembled = cache.assemble(manifest, List.of());

    assertThat(assembled.digest()).isEqualTo(origin.digest());
    new BundleVerifier().verify(assembled);
    assertThat(cache.assemble(manifest, List.of())).isEqualTo(assembled);
    try (var left = Files.list(home.resolve("cache/bundles"))) {
      assertThat(left).containsExactly(assembled.directory());
    }
  }

  @Test
  void aBundleThatGoesTakesTheBlobsThatNoOtherHas() throws Exception {
    BootBundle one = SampleBundles.publish(store, home.resolve("a"), "debian:12", "one");
    BootBundle same = SampleBundles.publish(store, home.resolve("b"), "debian:13", "one");
    BootBundle other = SampleBundles.publish(store, home.resolve("c"), "debian:14", "two");

    assertThat(store.remove(one.digest())).isTrue();
    assertThat(store.remove(one.digest())).isFalse();
    assertThat(store.blobs().list()).hasSize(8);
    store.remove(same.digest());
    assertThat(store.blobs().list()).hasSize(4);
    assertThat(store.list()).containsExactly(other);
    store.forget("debian:14");
    store.collectGarbage();
    assertThat(store.blobs().list()).isEmpty();
  }

  @Test
  void aBundleOfAnEarlierVersionIsLeftOutAndCollectedWithItsName() throws Exception {
    byte[] old =
        "{\"schema\":1,\"name\":\"debian:12\"}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    Sha256 digest = Sha256.of(old);
    Path directory = home.resolve("images/bundles/sha256-" + digest.hex());
    Files.createDirectories(directory);
    Files.write(directory.resolve("manifest.json"), old);
    Files.writeString(home.resolve("images/names.json"), "{\"debian:12\":\"" + digest + "\"}");

    assertThat(store.list()).isEmpty();
    assertThat(store.find("debian:12")).isEmpty();
    assertThat(store.collectGarbage()).containsExactly(digest);
    assertThat(store.names()).isEmpty();
    assertThat(directory).doesNotExist();
  }

  private static Object inode(Path path) throws IOException {
    return Files.getAttribute(path, "unix:ino");
  }
}
