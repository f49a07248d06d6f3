package dev.mayfly.image.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleStoreTest {
  @TempDir Path home;
  private BundleStore store;

  @BeforeEach
  void open() throws IOException {
    store = BundleStore.open(home.resolve("images"));
  }

  @Test
  void anEmptyStoreHasNothing() throws Exception {
    assertThat(store.list()).isEmpty();
    assertThat(store.names()).isEmpty();
    assertThat(store.find("debian:12")).isEmpty();
    assertThat(store.collectGarbage()).isEmpty();
  }

  @Test
  void whatIsPublishedIsFoundByDigestAndByName() throws Exception {
    BootBundle bundle = SampleBundles.publish(store, staging("a"), "debian:12", "one");

    assertThat(bundle.directory().getFileName()).hasToString("sha256-" + bundle.digest().hex());
    assertThat(bundle.kernel()).hasContent("one vmlinux");
    assertThat(bundle.rootfs()).hasValueSatisfying(path -> assertThat(path).exists());
    BundleStore another = BundleStore.open(home.resolve("images"));
    assertThat(another.find(bundle.digest())).contains(bundle);
    assertThat(another.find("debian:12")).contains(bundle);
    assertThat(another.list()).containsExactly(bundle);
    assertThat(home.resolve("images/names.json"))
        .hasContent("{\"debian:12\":\"" + bundle.digest() + "\"}");
  }

  @Test
  void publishingTheSameTwiceKeepsOne() throws Exception {
    BootBundle first = SampleBundles.publish(store, staging("a"), "debian:12", "one");
    BootBundle second = SampleBundles.publish(store, staging("b"), "debian:12", "one");

    assertThat(second).isEqualTo(first);
    assertThat(staging("b")).doesNotExist();
    assertThat(store.list()).hasSize(1);
  }

  @Test
  void publishingAgainMendsABundleThatIsBroken() throws Exception {
    BootBundle broken = SampleBundles.publish(store, staging("a"), "debian:12", "one");

    Files.delete(broken.kernel());
    SampleBundles.publish(store, staging("b"), "debian:12", "one");
    assertThat(broken.kernel()).hasContent("one vmlinux");

    Files.writeString(broken.kernel(), "One vmlinux");
    SampleBundles.publish(store, staging("c"), "debian:12", "one");
    assertThat(broken.kernel()).hasContent("one vmlinux");

    Files.writeString(broken.directory().resolve("manifest.json"), "{}");
    SampleBundles.publish(store, staging("d"), "debian:12", "one");
    assertThat(store.find("debian:12")).contains(broken);
  }

  @Test
  void aStagedDirectoryThatIsNotWhatTheManifestSaysIsNotPublished() throws Exception {
    BundleManifest manifest = SampleBundles.manifest("debian:12", "one");
    Path lacksOne = SampleBundles.stage(staging("a"), manifest, "one");
    Files.delete(lacksOne.resolve("rootfs.erofs"));
    Path tooShort = SampleBundles.stage(staging("b"), manifest, "1");

    for (Path staged : List.of(lacksOne, tooShort)) {
      assertThatThrownBy(() -> store.publish(staged, manifest))
          .isInstanceOf(BundleBrokenException.class);
    }
    assertThat(store.list()).isEmpty();
  }

  @Test
  void whatACrashLeavesBehindIsNeverABundle() throws Exception {
    Path bundles = home.resolve("images/bundles");
    Files.createDirectories(bundles.resolve(".removed-123/sha256-0"));
    Files.createDirectories(bundles.resolve("sha256-" + "0".repeat(64)));
    Files.createDirectories(bundles.resolve("sha256-short"));
    Files.writeString(home.resolve("images/names.json.next"), "{\"half");

    assertThat(store.list()).isEmpty();
    assertThat(store.names()).isEmpty();
    BootBundle bundle = SampleBundles.publish(store, staging("a"), "debian:12", "one");
    assertThat(store.find("debian:12")).contains(bundle);
    assertThat(store.collectGarbage()).containsExactly(new Sha256("0".repeat(64)));
    assertThat(bundles.resolve(".removed-123")).doesNotExist();
  }

  @Test
  void aNameMovesAndItsOldBundleIsCollected() throws Exception {
    BootBundle old = SampleBundles.publish(store, staging("a"), "debian:12", "one");
    BootBundle now = SampleBundles.publish(store, staging("b"), "debian:12", "two");

    assertThat(store.list()).containsExactlyInAnyOrder(old, now);
    assertThat(store.collectGarbage()).containsExactly(old.digest());
    assertThat(store.list()).containsExactly(now);
    assertThat(old.directory()).doesNotExist();
    assertThat(store.forget("debian:12")).isTrue();
    assertThat(store.forget("debian:12")).isFalse();
    assertThat(store.collectGarbage()).containsExactly(now.digest());
  }

  @Test
  void aNameCannotPointToNothing() {
    assertThatThrownBy(() -> store.point("debian:12", Sha256.of(new byte[0])))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.point("../etc", Sha256.of(new byte[0])))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aChangedManifestIsNoBundle() throws Exception {
    BootBundle bundle = SampleBundles.publish(store, staging("a"), "debian:12", "one");
    Path manifest = bundle.directory().resolve("manifest.json");
    Files.writeString(manifest, Files.readString(manifest).replace("cloud", "clown"));

    assertThatThrownBy(() -> store.find(bundle.digest()))
        .isInstanceOf(BundleBrokenException.class)
        .hasMessageContaining("manifest.json")
        .hasMessageContaining(bundle.digest().toString());
    assertThat(store.list()).isEmpty();
  }

  @Test
  void namesThatAreNotWhatTheyShouldBeAreRefused() throws Exception {
    for (String wrong :
        List.of("", "[]", "{\"debian:12\":1}", "{\"debian:12\":\"sha256:12\"}", "{\"/\":\"x\"}")) {
      Files.writeString(home.resolve("images/names.json"), wrong);
      assertThatThrownBy(() -> store.names()).isInstanceOf(BundleFormatException.class);
    }
  }

  @Test
  void publicationsAtOnceLoseNoName() throws Exception {
    List<Future<BootBundle>> futures = new ArrayList<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 8; i++) {
        String name = "image:" + i;
        futures.add(
            threads.submit(() ->
                SampleBundles.publish(
                    BundleStore.open(home.resolve("images")),
                    staging(name.replace(':', '-')),
                    name,
                    name)));
      }
    }
    for (Future<BootBundle> future : futures) {
      assertThat(store.find(future.get().manifest().name())).contains(future.get());
    }
    assertThat(store.names()).hasSize(8);
  }

  private Path staging(String name) {
    return home.resolve("work-" + name);
  }
}
