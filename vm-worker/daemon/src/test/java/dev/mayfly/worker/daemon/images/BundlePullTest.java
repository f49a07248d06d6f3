package dev.mayfly.worker.daemon.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.BundleVerifier;
import dev.mayfly.image.bundle.SigningKey;
import dev.mayfly.image.bundle.TrustedKeys;
import dev.mayfly.worker.core.bundle.BundleFailure;
import dev.mayfly.worker.core.bundle.BundleFailure.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class BundlePullTest {
  @TempDir Path root;
  private PulledBundles world;
  private BootBundle bundle;

  @BeforeEach
  void serve() throws Exception {
    world = new PulledBundles(root);
    bundle = world.served("debian:12", "one");
  }

  private void pull(BundleCache cache) throws Exception {
    try (var use = cache.acquire(PulledBundles.digest(bundle), new Told())) {
      assertThat(use.paths().kernel()).hasContent("one vmlinux");
    }
  }

  private static long bytesIn(Path directory) throws Exception {
    long bytes = 0;
    try (var files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }

  private void assertWhole() throws Exception {
    new BundleVerifier()
        .verify(BundleStore.open(world.cache()).find(bundle.digest()).orElseThrow());
  }

  private void assertNothingStored() throws Exception {
    assertThat(BundleStore.open(world.cache()).list()).isEmpty();
  }

  private static void assertFailed(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable pull, Kind kind, String detail) {
    assertThatThrownBy(pull)
        .isInstanceOfSatisfying(
            BundleFailure.class, failure -> assertThat(failure.kind()).isEqualTo(kind))
        .hasMessageContaining(detail);
  }

  @Test
  void aJobGetsABundleThatWasNotHere() throws Exception {
    var told = new Told();
    var cache = world.open();
    try (var use = cache.acquire(PulledBundles.digest(bundle), told)) {
      assertThat(use.paths().rootfs().orElseThrow()).hasContent("one rootfs.erofs");
    }
    assertWhole();
    assertThat(told.lines()).startsWith("0 of 0").endsWith("pulled");
    assertThat(cache.ready()).containsExactly(PulledBundles.digest(bundle));
    assertThat(world.source().sent()).isEqualTo((int) bundle.size());
    assertThat(cache.states()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void aConnectionThatBreaksAfterEachSoManyPiecesCostsAtMostThePiecesUnderWay(int pieces)
      throws Exception {
    if (pieces == 0) {
      world.source().breakAfter(0, true);
    } else {
      world.source().breakAfter(pieces, false);
    }
    pull(world.open());
    assertWhole();
    // One that breaks stops the others, each perhaps in the middle of a piece.
    int again = world.source().fetches() * ServingSource.PIECE_BYTES;
    assertThat(world.source().sent()).isBetween((int) bundle.size(), (int) bundle.size() + again);
  }

  @Test
  void aConnectionThatBringsNothingIsGivenUp() throws Exception {
    world.source().breakAfter(0, false);
    var cache = world.open();
    assertFailed(() -> pull(cache), Kind.PULL_FAILED, "the connection broke");
    assertNothingStored();
    assertThat(cache.states())
        .singleElement()
        .isInstanceOfSatisfying(
            PullState.Failed.class,
            failed -> assertThat(failed.reason()).contains("the connection broke"));
  }

  @Test
  void aPullThatFailedGoesOnFromWhatHasCome() throws Exception {
    world.source().breakAfter(2, true);
    var kernel = bundle.manifest().kernel().file().sha256();
    byte[] right = world.source().blob(kernel);
    world.source().replace(kernel, new byte[right.length]);
    assertFailed(() -> pull(world.open()), Kind.PULL_FAILED, "came with the bytes of");
    int sent = world.source().sent();
    long kept = bytesIn(world.cache().resolve("blobs"));

    world.source().replace(kernel, right);
    pull(world.open());
    assertThat((long) (world.source().sent() - sent)).isEqualTo(bundle.size() - kept);
    assertWhole();
  }

  @Test
  void wrongBytesAreNeverBooted() throws Exception {
    var rootfs = bundle.manifest().rootfs().orElseThrow().file();
    world.source().replace(rootfs.sha256(), new byte[(int) rootfs.size()]);
    assertFailed(() -> pull(world.open()), Kind.PULL_FAILED, rootfs.sha256().toString());
    assertNothingStored();
  }

  @Test
  void aBlobOfAnotherSizeIsRefused() throws Exception {
    var rootfs = bundle.manifest().rootfs().orElseThrow().file();
    for (int size : List.of((int) rootfs.size() - 1, (int) rootfs.size() + 1)) {
      world.source().replace(rootfs.sha256(), new byte[size]);
      assertFailed(() -> pull(world.open()), Kind.PULL_FAILED, "a blob of " + size + " bytes");
    }
    assertNothingStored();
  }

  @Test
  void aManifestThatIsNotOfTheDigestIsRefused() throws Exception {
    world.source().forge(bundle.digest(), "{}");
    assertFailed(() -> pull(world.open()), Kind.PULL_FAILED, "a manifest with the digest");
    assertThat(world.source().fetches()).isZero();
  }

  @Test
  void whatNobodyHasIsAbsent() throws Exception {
    world.source().forget(bundle.digest());
    assertFailed(() -> pull(world.open()), Kind.ABSENT, "does not have it");
    assertThat(world.source().asked()).isEqualTo(world.source().places());
  }

  @Test
  void whatIsNotSignedIsNotEvenPulled() throws Exception {
    SigningKey.create(root.resolve("key.pem"));
    var keys = Files.createDirectory(root.resolve("keys"));
    Files.copy(root.resolve("key.pem.pub"), keys.resolve("key.pub"));
    var cache = world.open(new BundleTrust(Optional.of(TrustedKeys.read(keys))));
    assertFailed(() -> pull(cache), Kind.UNTRUSTED, "signed images only");
    assertThat(world.source().fetches()).isZero();
  }

  @Test
  void signaturesComeWithTheBundle() throws Exception {
    var key = SigningKey.create(root.resolve("key.pem"));
    var keys = Files.createDirectory(root.resolve("keys"));
    Files.copy(root.resolve("key.pem.pub"), keys.resolve("key.pub"));
    var theirs = BundleStore.open(root.resolve("theirs"));
    theirs.sign(bundle.digest(), List.of(key.sign(bundle.manifest().toBytes())));
    world.source().serve(theirs, root.resolve("copies"));
    pull(world.open(new BundleTrust(Optional.of(TrustedKeys.read(keys)))));
    assertWhole();
  }

  @Test
  void manyJobsWaitForOnePull() throws Exception {
    var open = new CountDownLatch(1);
    var reached = world.source().holdUntil(open);
    var cache = world.open();
    List<Future<?>> jobs = new ArrayList<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 8; i++) {
        jobs.add(
            threads.submit(() -> {
              pull(cache);
              return 0;
            }));
      }
      reached.await();
      open.countDown();
      for (var job : jobs) {
        job.get();
      }
    }
    assertThat(world.source().sent()).isEqualTo((int) bundle.size());
  }

  @Test
  void aPullThatNobodyWaitsForAnyMoreEnds() throws Exception {
    var open = new CountDownLatch(1);
    var reached = world.source().holdUntil(open);
    var cache = world.open();
    var job =
        Thread.ofVirtual()
            .start(() ->
                assertThatThrownBy(() -> pull(cache)).isInstanceOf(InterruptedException.class));
    reached.await();
    job.interrupt();
    job.join();
    await().until(() -> cache.states().isEmpty());
    open.countDown();
    pull(cache);
    assertWhole();
  }

  @Test
  void twoBundlesThatShareAKernelFetchItOnce() throws Exception {
    var other = world.served("debian:13", "one");
    var cache = world.open();
    pull(cache);
    int sent = world.source().sent();
    try (var use = cache.acquire(PulledBundles.digest(other), new Told())) {
      assertThat(use.paths().name()).isEqualTo("debian:13");
    }
    assertThat(world.source().sent()).isEqualTo(sent);
  }

  @Test
  void theOneUsedLongestAgoMakesRoomAndTheOneInUseStays() throws Exception {
    var second = world.served("debian:13", "two");
    var third = world.served("debian:14", "six");
    world.limit(2 * bundle.size() + 10);
    var cache = world.open();
    pull(cache);
    try (var use = cache.acquire(PulledBundles.digest(second), new Told())) {
      assertThat(use.paths().name()).isEqualTo("debian:13");
      cache.acquire(PulledBundles.digest(third), new Told()).close();
      assertThat(cache.ready())
          .containsExactlyInAnyOrder(PulledBundles.digest(second), PulledBundles.digest(third));
    }
  }

  @Test
  void whatIsPinnedLeavesNoRoomForOthersAndThatIsSaid() throws Exception {
    var second = world.served("debian:13", "two");
    world.limit(bundle.size() + 10);
    var cache = world.open();
    pull(cache);
    cache.keep(List.of(bundle.digest()), List.of(bundle.digest()));
    assertFailed(
        () -> cache.acquire(PulledBundles.digest(second), new Told()),
        Kind.PULL_FAILED,
        "there is no room");
    assertThat(cache.ready()).containsExactly(PulledBundles.digest(bundle));
  }

  @Test
  void whatIsWantedComesBeforeAJobAsks() throws Exception {
    var cache = world.open();
    var ready = new CountDownLatch(1);
    var prefetch = new Prefetch(cache, System::nanoTime, ready::countDown);
    prefetch.keep(List.of(bundle.digest()), List.of());
    prefetch.reconcile();
    assertThat(cache.ready()).containsExactly(PulledBundles.digest(bundle));
    assertThat(ready.getCount()).isZero();
    int asked = world.source().asked();
    prefetch.reconcile();
    assertThat(world.source().asked()).isEqualTo(asked);
  }

  @Test
  void whatCannotBeFetchedInAdvanceIsNotTriedAllTheTime() throws Exception {
    world.source().forget(bundle.digest());
    var prefetch = new Prefetch(world.open(), System::nanoTime, () -> {});
    prefetch.keep(List.of(bundle.digest()), List.of());
    prefetch.reconcile();
    int asked = world.source().asked();
    prefetch.reconcile();
    assertThat(world.source().asked()).isEqualTo(asked);
    prefetch.keep(List.of(bundle.digest()), List.of());
    prefetch.reconcile();
    assertThat(world.source().asked()).isGreaterThan(asked);
  }
}
