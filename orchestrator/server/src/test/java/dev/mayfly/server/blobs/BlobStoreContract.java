package dev.mayfly.server.blobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.core.image.BlobStore;
import dev.mayfly.core.image.BlobStore.Upload.Result;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What every store of blobs keeps; each test starts with an empty one. */
abstract class BlobStoreContract {

  /** More than two parts of a large upload. */
  private static final int LARGE = 17 * 1024 * 1024 + 5;

  abstract BlobStore store();

  static BlobDigest digest(byte[] bytes) throws Exception {
    return new BlobDigest(
        "sha256:" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
  }

  static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  static Result put(BlobStore store, BlobDigest digest, byte[] bytes, long announced)
      throws IOException {
    try (BlobStore.Upload upload = store.begin(digest, announced)) {
      for (int from = 0; from < bytes.length; from += 100_000) {
        upload.write(bytes, from, Math.min(100_000, bytes.length - from));
      }
      return upload.finish();
    }
  }

  static BlobDigest stored(BlobStore store, byte[] bytes) throws Exception {
    BlobDigest digest = digest(bytes);
    assertThat(put(store, digest, bytes, bytes.length)).isEqualTo(Result.STORED);
    return digest;
  }

  private static byte[] read(BlobStore store, BlobDigest digest, long offset) throws IOException {
    try (InputStream in = store.open(digest, offset).orElseThrow()) {
      return in.readAllBytes();
    }
  }

  @Test
  void aBlobIsReadFromAnyOffset() throws Exception {
    for (byte[] content : List.of(bytes(1), bytes(100_000), bytes(LARGE))) {
      BlobDigest digest = stored(store(), content);
      assertThat(store().size(digest)).hasValue(content.length);
      assertThat(digest(read(store(), digest, 0))).isEqualTo(digest);
      int middle = content.length / 2;
      assertThat(read(store(), digest, middle))
          .isEqualTo(java.util.Arrays.copyOfRange(content, middle, content.length));
      assertThat(read(store(), digest, content.length)).isEmpty();
    }
  }

  @Test
  void storingItAgainChangesNothing() throws Exception {
    byte[] content = bytes(1000);
    BlobDigest digest = stored(store(), content);
    stored(store(), content);
    assertThat(read(store(), digest, 0)).isEqualTo(content);
    assertThat(store().list(Optional.empty(), 10)).hasSize(1);
  }

  @Test
  void whatIsNotItsDigestOrItsSizeIsNotStored() throws Exception {
    for (int length : new int[] {1000, LARGE}) {
      byte[] content = bytes(length);
      BlobDigest digest = digest(content);
      BlobDigest other = digest(bytes(7));
      assertThat(put(store(), other, content, length)).isEqualTo(Result.WRONG_DIGEST);
      assertThat(put(store(), digest, content, length + 1)).isEqualTo(Result.WRONG_SIZE);
      assertThat(put(store(), digest, content, length - 1)).isEqualTo(Result.WRONG_SIZE);
      assertThat(store().size(digest)).isEmpty();
      assertThat(store().size(other)).isEmpty();
      assertThat(store().open(digest, 0)).isEmpty();
      assertThat(store().open(digest, 5)).isEmpty();
    }
    assertThat(store().list(Optional.empty(), 10)).isEmpty();
  }

  @Test
  void anUploadThatIsGivenUpLeavesNothing() throws Exception {
    byte[] content = bytes(LARGE);
    BlobDigest digest = digest(content);
    try (BlobStore.Upload upload = store().begin(digest, content.length)) {
      upload.write(content, 0, content.length - 1);
    }
    assertThat(store().size(digest)).isEmpty();
    assertThat(store().list(Optional.empty(), 10)).isEmpty();
  }

  @Test
  void blobsAreListedInOrderByPages() throws Exception {
    Instant before = Instant.now().minus(Duration.ofMinutes(1));
    List<BlobDigest> all =
        Stream.of(
                stored(store(), bytes(1)),
                stored(store(), bytes(2)),
                stored(store(), "three".getBytes(StandardCharsets.UTF_8)))
            .sorted(java.util.Comparator.comparing(BlobDigest::value))
            .toList();
    List<BlobStore.Stored> page = store().list(Optional.empty(), 2);
    assertThat(page).extracting(BlobStore.Stored::digest).isEqualTo(all.subList(0, 2));
    assertThat(page).allSatisfy(blob -> assertThat(blob.storedAt()).isAfter(before));
    assertThat(store().list(Optional.of(all.get(1)), 2))
        .extracting(BlobStore.Stored::digest)
        .containsExactly(all.get(2));
    assertThat(store().list(Optional.of(all.get(2)), 2)).isEmpty();
  }

  @Test
  void aBlobThatIsRemovedIsGone() throws Exception {
    BlobDigest digest = stored(store(), bytes(10));
    store().delete(digest);
    store().delete(digest);
    assertThat(store().size(digest)).isEmpty();
    assertThat(store().open(digest, 0)).isEmpty();
    assertThat(store().list(Optional.empty(), 10)).isEmpty();
  }
}
