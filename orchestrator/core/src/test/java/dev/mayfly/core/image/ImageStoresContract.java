package dev.mayfly.core.image;

import static dev.mayfly.core.job.Examples.DEBIAN;
import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.StoredBundle.NeededBlob;
import dev.mayfly.core.image.StoredBundle.Signature;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.job.JobStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every implementation of the stores of images keeps; each test starts with empty stores. */
public abstract class ImageStoresContract {

  /** The stores over one empty database. */
  public record Stores(
      ImageStore images,
      ImagePolicyStore policies,
      BundleStore bundles,
      BundleOnWorkerStore onWorkers,
      WorkerStore workers,
      JobStore jobs) {}

  private static final BundleStore.Presence ALL_THERE = blobs -> List.of();
  private static final ImageRef LONG_NAME =
      new ImageRef("registry.example:5000/" + "a".repeat(200) + ":1.2");

  private Stores stores;
  private ImageStore images;
  private BundleStore bundles;

  protected abstract Stores emptyStores();

  @BeforeEach
  void open() {
    stores = emptyStores();
    images = stores.images();
    bundles = stores.bundles();
  }

  static BundleDigest digest(int number) {
    return new BundleDigest("sha256:" + String.format("%064x", number));
  }

  static BlobDigest blob(int number) {
    return new BlobDigest("sha256:" + String.format("%064x", number));
  }

  static Image image(ImageRef name, int bundle, Instant at) {
    return new Image(name, digest(bundle), "x86_64", 1000 + bundle, at);
  }

  static StoredBundle bundle(int number, Instant at, int... blobs) {
    List<NeededBlob> needed = new ArrayList<>();
    for (int each : blobs) {
      needed.add(new NeededBlob(blob(each), 10L + each));
    }
    return new StoredBundle(
        digest(number),
        ("{\"bundle\":" + number + "}").getBytes(StandardCharsets.UTF_8),
        Map.of(),
        DEBIAN,
        "x86_64",
        needed.stream().mapToLong(NeededBlob::sizeBytes).sum(),
        digest(900).value(),
        needed,
        at);
  }

  private static StoredBundle signed(StoredBundle bundle, Map<String, Signature> signatures) {
    return new StoredBundle(
        bundle.digest(),
        bundle.manifest(),
        signatures,
        bundle.image(),
        bundle.architecture(),
        bundle.sizeBytes(),
        bundle.sourceDigest(),
        bundle.blobs(),
        bundle.storedAt());
  }

  private static Signature signature(int number) {
    return new Signature(String.format("%0128x", number));
  }

  @Test
  void everyMoveOfANameIsAVersion() {
    Image first = image(DEBIAN, 1, NOON);
    Image second = image(DEBIAN, 2, NOON.plusSeconds(1));
    assertThat(images.publish(first, PublicationCause.FIRST_USE)).isEqualTo(first);
    assertThat(images.publish(image(DEBIAN, 1, NOON.plusSeconds(9)), PublicationCause.SCHEDULED))
        .as("the same bundle again")
        .isEqualTo(first);
    assertThat(images.publish(second, PublicationCause.UPSTREAM_MOVED)).isEqualTo(second);
    assertThat(images.find(DEBIAN)).contains(second);
    assertThat(images.history(DEBIAN, Integer.MAX_VALUE, 10))
        .containsExactly(
            new ImageVersion(2, second, PublicationCause.UPSTREAM_MOVED),
            new ImageVersion(1, first, PublicationCause.FIRST_USE));
    assertThat(images.history(DEBIAN, 2, 10)).extracting(ImageVersion::number).containsExactly(1);
    assertThat(images.history(DEBIAN, 3, 1)).extracting(ImageVersion::number).containsExactly(2);
    assertThat(images.history(LONG_NAME, 3, 1)).isEmpty();
    assertThat(images.numbers(List.of(DEBIAN, LONG_NAME))).isEqualTo(Map.of(DEBIAN, 2));
    assertThat(images.numbers(List.of())).isEmpty();
  }

  @Test
  void aNameGoesBackToWhatItPointedToByANewVersion() {
    images.publish(image(DEBIAN, 1, NOON), PublicationCause.PUBLISHED);
    images.publish(image(DEBIAN, 2, NOON.plusSeconds(1)), PublicationCause.REQUESTED);
    Image back = image(DEBIAN, 1, NOON.plusSeconds(2));
    assertThat(images.rollBack(DEBIAN, 1, NOON.plusSeconds(2))).contains(back);
    assertThat(images.find(DEBIAN)).contains(back);
    assertThat(images.history(DEBIAN, Integer.MAX_VALUE, 1))
        .containsExactly(new ImageVersion(3, back, PublicationCause.ROLLED_BACK));
    assertThat(images.rollBack(DEBIAN, 3, NOON.plusSeconds(3))).as("where it is").contains(back);
    assertThat(images.pointingTo(digest(1))).containsExactly(DEBIAN);
    assertThat(images.pointingTo(digest(2))).isEmpty();
    assertThat(images.rollBack(DEBIAN, 4, NOON)).isEmpty();
    assertThat(images.rollBack(LONG_NAME, 1, NOON)).isEmpty();
    assertThat(images.history(DEBIAN, Integer.MAX_VALUE, 10)).hasSize(3);
  }

  @Test
  void aNameIsForgottenWithItsHistory() {
    images.publish(image(LONG_NAME, 1, NOON), PublicationCause.PUBLISHED);
    assertThat(images.remove(LONG_NAME)).isTrue();
    assertThat(images.remove(LONG_NAME)).isFalse();
    assertThat(images.find(LONG_NAME)).isEmpty();
    assertThat(images.history(LONG_NAME, 10, 10)).isEmpty();
    images.publish(image(LONG_NAME, 2, NOON), PublicationCause.PUBLISHED);
    assertThat(images.numbers(List.of(LONG_NAME))).isEqualTo(Map.of(LONG_NAME, 1));
  }

  @Test
  void aPolicyIsReplacedButForWhatHappened() {
    ImagePolicyStore policies = stores.policies();
    ImagePolicy full =
        new ImagePolicy(
            LONG_NAME,
            Optional.of("registry:" + LONG_NAME),
            Optional.of("minimal"),
            Optional.of("0 0 3 * * ?"),
            Optional.of(Duration.ofHours(1)),
            5,
            true,
            Set.of(new WorkerPoolName("fast"), WorkerPoolName.DEFAULT),
            Optional.empty(),
            Optional.empty());
    assertThat(policies.find(LONG_NAME)).isEmpty();
    assertThat(policies.put(full)).isEqualTo(full);
    assertThat(policies.find(LONG_NAME)).contains(full);
    policies.watched(LONG_NAME, NOON);
    policies.refreshed(LONG_NAME, NOON.plusSeconds(1));
    policies.watched(DEBIAN, NOON);
    ImagePolicy least = policies.put(ImagePolicy.of(LONG_NAME));
    assertThat(least.keep()).isEqualTo(ImagePolicy.DEFAULT_KEEP);
    assertThat(least.source()).isEmpty();
    assertThat(least.lastWatchedAt()).contains(NOON);
    assertThat(least.lastRefreshedAt()).contains(NOON.plusSeconds(1));
    ImagePolicy other = policies.put(ImagePolicy.of(DEBIAN));
    assertThat(policies.list("", 10)).containsExactly(other, least);
    assertThat(policies.list(DEBIAN.value(), 10)).containsExactly(least);
    assertThat(policies.remove(LONG_NAME)).isTrue();
    assertThat(policies.remove(LONG_NAME)).isFalse();
  }

  @Test
  void aBundleIsStoredWhenItsBlobsAre() {
    StoredBundle bundle = bundle(1, NOON, 11, 12, 11);
    List<NeededBlob> asked = new ArrayList<>();
    assertThat(
            bundles.put(
                bundle,
                blobs -> {
                  asked.addAll(blobs);
                  return List.of(blob(12));
                }))
        .isEqualTo(new BundleStore.Put.Lacking(List.of(blob(12))));
    assertThat(asked).isEqualTo(bundle.blobs());
    assertThat(bundles.find(bundle.digest())).isEmpty();
    assertThat(bundles.servable(List.of(bundle.digest()))).isEmpty();
    StoredBundle once = bundle(1, NOON, 11, 12);
    assertThat(bundles.put(once, ALL_THERE)).isEqualTo(new BundleStore.Put.Stored(once));
    assertThat(bundles.find(once.digest())).contains(once);
    assertThat(bundles.find(List.of(once.digest(), digest(2)))).containsExactly(once);
    assertThat(bundles.servable(List.of(once.digest(), digest(2)))).containsExactly(once.digest());
    assertThat(bundles.servable(List.of())).isEmpty();
  }

  @Test
  void signaturesGatherUpToALimit() {
    bundles.put(signed(bundle(1, NOON, 11), Map.of("a".repeat(16), signature(1))), ALL_THERE);
    StoredBundle both =
        signed(
            bundle(1, NOON.plusSeconds(5), 11),
            Map.of("a".repeat(16), signature(1), "b".repeat(16), signature(2)));
    assertThat(
            bundles.put(
                signed(bundle(1, NOON.plusSeconds(5), 11), Map.of("b".repeat(16), signature(2))),
                ALL_THERE))
        .isEqualTo(new BundleStore.Put.Stored(both));
    assertThat(bundles.find(digest(1))).contains(both);
    Map<String, Signature> seven = new java.util.HashMap<>();
    for (int i = 0; i < 7; i++) {
      seven.put(String.format("%016d", i), signature(i));
    }
    assertThat(bundles.put(signed(bundle(1, NOON, 11), seven), ALL_THERE))
        .isEqualTo(new BundleStore.Put.TooManySignatures());
    assertThat(bundles.find(digest(1))).contains(both);
  }

  @Test
  void versionsBeyondThePolicyGo() {
    stores
        .policies()
        .put(
            new ImagePolicy(
                LONG_NAME,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                1,
                false,
                Set.of(),
                Optional.empty(),
                Optional.empty()));
    for (int i = 1; i <= 5; i++) {
      images.publish(image(DEBIAN, i, NOON), PublicationCause.PUBLISHED);
      images.publish(image(LONG_NAME, i, NOON), PublicationCause.PUBLISHED);
    }
    assertThat(bundles.trimVersions()).isEqualTo(2 + 4);
    assertThat(bundles.trimVersions()).isZero();
    assertThat(images.history(DEBIAN, 99, 9))
        .extracting(ImageVersion::number)
        .containsExactly(5, 4, 3);
    assertThat(images.history(LONG_NAME, 99, 9))
        .extracting(ImageVersion::number)
        .containsExactly(5);
    images.publish(image(LONG_NAME, 6, NOON), PublicationCause.PUBLISHED);
    assertThat(images.numbers(List.of(LONG_NAME))).isEqualTo(Map.of(LONG_NAME, 6));
  }

  @Test
  void aBundleGoesWhenNoNameVersionOrJobNeedsIt() {
    BundleDigest ofJob = Examples.BUNDLE;
    for (int i = 1; i <= 5; i++) {
      bundles.put(bundle(i, NOON, i), ALL_THERE);
    }
    bundles.put(bundle(6, NOON.plusSeconds(60), 6), ALL_THERE);
    bundles.put(
        new StoredBundle(
            ofJob,
            new byte[] {1},
            Map.of(),
            DEBIAN,
            "x86_64",
            1,
            digest(9).value(),
            List.of(new NeededBlob(blob(7), 1)),
            NOON),
        ALL_THERE);
    images.publish(image(DEBIAN, 1, NOON), PublicationCause.PUBLISHED);
    images.publish(image(DEBIAN, 2, NOON), PublicationCause.PUBLISHED);
    stores.jobs().submit(Examples.job(NOON), null);
    assertThat(bundles.removeUnneeded(NOON.plusSeconds(1), 2)).hasSize(2);
    assertThat(bundles.removeUnneeded(NOON.plusSeconds(1), 2)).hasSize(1);
    assertThat(bundles.removeUnneeded(NOON.plusSeconds(1), 2)).isEmpty();
    assertThat(bundles.servable(List.of(digest(1), digest(2), digest(6), ofJob)))
        .as("the present, the version before, what was just stored, a job's")
        .hasSize(4);
    assertThat(bundles.servable(List.of(digest(3), digest(4), digest(5)))).isEmpty();
  }

  @Test
  void onlyBlobsThatNoBundleNeedsAreRemoved() {
    bundles.put(bundle(1, NOON, 11, 12), ALL_THERE);
    bundles.put(bundle(2, NOON, 12, 13), ALL_THERE);
    List<BlobDigest> removed = new ArrayList<>();
    bundles.removeUnneeded(List.of(blob(11), blob(12), blob(13), blob(14)), removed::add);
    assertThat(removed).containsExactly(blob(14));
    images.publish(image(DEBIAN, 1, NOON), PublicationCause.PUBLISHED);
    assertThat(bundles.removeUnneeded(NOON.plusSeconds(1), 10)).containsExactly(digest(2));
    removed.clear();
    bundles.removeUnneeded(List.of(blob(11), blob(12), blob(13)), removed::add);
    assertThat(removed).containsExactly(blob(13));
  }

  @Test
  void aWorkerSaysAllThatItFetchesEachTime() {
    BundleOnWorkerStore onWorkers = stores.onWorkers();
    Worker one = Examples.worker("one", NOON);
    Worker two = Examples.worker("two", NOON);
    stores.workers().register(one);
    stores.workers().register(two);
    BundleOnWorker pulling =
        new BundleOnWorker(digest(1), new BundleOnWorker.State.Pulling(5, 1L << 40), NOON);
    BundleOnWorker failed =
        new BundleOnWorker(digest(2), new BundleOnWorker.State.Failed("no space"), NOON);
    onWorkers.replace(one.id(), List.of(pulling, failed));
    onWorkers.replace(two.id(), List.of(pulling));
    onWorkers.replace(Examples.worker("unknown", NOON).id(), List.of(pulling));
    assertThat(onWorkers.find(List.of(digest(1), digest(2), digest(3))))
        .hasSize(2)
        .hasEntrySatisfying(
            one.id(), states -> assertThat(states).containsExactlyInAnyOrder(pulling, failed))
        .containsEntry(two.id(), List.of(pulling));
    assertThat(onWorkers.find(List.of(digest(2)))).isEqualTo(Map.of(one.id(), List.of(failed)));
    onWorkers.replace(one.id(), List.of());
    stores.workers().mark(two.id(), WorkerState.LEFT);
    assertThat(onWorkers.find(List.of(digest(1), digest(2)))).isEmpty();
  }
}
