package dev.mayfly.core.image;

import static dev.mayfly.core.job.Examples.DEBIAN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.core.image.StoredBundle.NeededBlob;
import dev.mayfly.core.job.ManualClock;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ImageCollectionTest {
  private final ManualClock clock = new ManualClock();
  private final InMemoryImages tables = new InMemoryImages(Set::of);
  private final ImageStore images = new InMemoryImageStore(tables);
  private final BundleStore bundles = new InMemoryBundleStore(tables);
  private final InMemoryBlobStore blobs = new InMemoryBlobStore(clock);
  private final ImageCollection collection = new ImageCollection(bundles, blobs, clock);

  private BlobDigest blob(String content) throws Exception {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    BlobDigest digest = InMemoryBlobStore.digest(bytes);
    try (BlobStore.Upload upload = blobs.begin(digest, bytes.length)) {
      upload.write(bytes, 0, bytes.length);
      assertThat(upload.finish()).isEqualTo(BlobStore.Upload.Result.STORED);
    }
    return digest;
  }

  private BundleDigest bundle(int number, BlobDigest... needed) {
    BundleDigest digest = ImageStoresContract.digest(number);
    bundles.put(
        new StoredBundle(
            digest,
            new byte[] {1},
            Map.of(),
            DEBIAN,
            "x86_64",
            1,
            digest.value(),
            List.of(needed).stream().map(blob -> new NeededBlob(blob, 1)).toList(),
            clock.instant()),
        missing -> List.of());
    return digest;
  }

  private void publish(BundleDigest bundle) {
    images.publish(new Image(DEBIAN, bundle, "x86_64", 1, clock.instant()));
  }

  @Test
  void whatNothingNeedsGoesAfterTheGrace() throws Exception {
    BlobDigest kernel = blob("kernel");
    BlobDigest old = blob("old rootfs");
    BlobDigest rootfs = blob("rootfs");
    BlobDigest stray = blob("stray");
    BundleDigest unneeded = bundle(1, kernel, old);
    publish(bundle(2, kernel, rootfs));
    clock.advance(ImageCollection.GRACE);
    assertThat(collection.collect())
        .as("not yet")
        .isEqualTo(new ImageCollection.Collected(0, List.of(), 0, 0, true));
    clock.advance(Duration.ofSeconds(1));
    BlobDigest underWay = blob("of an upload that goes on");
    assertThat(collection.collect())
        .isEqualTo(
            new ImageCollection.Collected(
                0, List.of(unneeded), 2, "old rootfs".length() + "stray".length(), true));
    assertThat(List.of(kernel, rootfs, underWay))
        .allSatisfy(kept -> assertThat(blobs.size(kept)).isPresent());
    assertThat(List.of(old, stray)).allSatisfy(gone -> assertThat(blobs.size(gone)).isEmpty());
  }

  @Test
  void onlyTheLastVersionsAreKept() throws Exception {
    for (int i = 1; i <= 5; i++) {
      publish(bundle(i, blob("rootfs " + i)));
    }
    clock.advance(ImageCollection.GRACE.plusSeconds(1));
    ImageCollection.Collected collected = collection.collect();
    assertThat(collected.versions()).isEqualTo(2);
    assertThat(collected.bundles())
        .containsExactlyInAnyOrder(ImageStoresContract.digest(1), ImageStoresContract.digest(2));
    assertThat(collected.blobs()).isEqualTo(2);
    assertThat(collection.collect().versions()).isZero();
  }

  @Test
  void manyAreRemovedInPortions() throws Exception {
    for (int i = 0; i < ImageCollection.MAX_BLOBS + 100; i++) {
      blob("stray " + i);
    }
    clock.advance(ImageCollection.GRACE.plusSeconds(1));
    ImageCollection.Collected first = collection.collect();
    assertThat(first.complete()).isFalse();
    ImageCollection.Collected second = collection.collect();
    assertThat(second.complete()).isTrue();
    assertThat(first.blobs() + second.blobs()).isEqualTo(ImageCollection.MAX_BLOBS + 100);
  }
}
