package dev.mayfly.image.bundle;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlobStoreTest {
  private static final byte[] CONTENT = "the bytes of a root file system".getBytes(UTF_8);
  private static final Sha256 DIGEST = Sha256.of(CONTENT);

  @TempDir Path home;
  private BlobStore blobs;

  @BeforeEach
  void open() throws IOException {
    blobs = BlobStore.open(home);
  }

  @Test
  void whatIsReceivedInPiecesIsABlob() throws Exception {
    assertThat(blobs.missing(List.of(DIGEST))).containsExactly(DIGEST);
    try (IncomingBlob incoming = blobs.receive(DIGEST, CONTENT.length)) {
      incoming.write(ByteBuffer.wrap(CONTENT, 0, 10));
      assertThat(blobs.find(DIGEST)).isEmpty();
      incoming.write(ByteBuffer.wrap(CONTENT, 10, CONTENT.length - 10));
      incoming.commit();
    }

    assertThat(blobs.find(DIGEST))
        .hasValueSatisfying(path -> assertThat(path).hasBinaryContent(CONTENT));
    assertThat(blobs.missing(List.of(DIGEST))).isEmpty();
    assertThat(blobs.list()).containsExactly(DIGEST);
    assertThat(entries()).containsExactly("sha256-" + DIGEST.hex());
  }

  @Test
  void aBrokenTransferGoesOnWhereItStopped() throws Exception {
    receive(0, 12);

    assertThat(blobs.partial(DIGEST)).isEqualTo(12);
    try (IncomingBlob incoming = BlobStore.open(home).receive(DIGEST, CONTENT.length)) {
      assertThat(incoming.received()).isEqualTo(12);
      incoming.write(ByteBuffer.wrap(CONTENT, 12, CONTENT.length - 12));
      incoming.commit();
    }
    assertThat(blobs.find(DIGEST)).isPresent();
  }

  @Test
  void oneThatEndsTooEarlyStaysPartial() throws Exception {
    try (IncomingBlob incoming = blobs.receive(DIGEST, CONTENT.length)) {
      incoming.write(ByteBuffer.wrap(CONTENT, 0, 5));
      assertThatThrownBy(incoming::commit)
          .isInstanceOf(BlobRefusedException.class)
          .hasMessageContaining("5 of " + CONTENT.length);
    }
    assertThat(blobs.find(DIGEST)).isEmpty();
    assertThat(blobs.partial(DIGEST)).isEqualTo(5);
  }

  @Test
  void wrongBytesAreRefusedAndNothingIsKept() throws Exception {
    byte[] wrong = CONTENT.clone();
    wrong[7]++;
    try (IncomingBlob incoming = blobs.receive(DIGEST, wrong.length)) {
      incoming.write(ByteBuffer.wrap(wrong));
      assertThatThrownBy(incoming::commit)
          .isInstanceOf(BlobRefusedException.class)
          .hasMessageContaining(DIGEST.toString())
          .hasMessageContaining(Sha256.of(wrong).toString());
    }
    assertThat(entries()).isEmpty();
  }

  @Test
  void moreBytesThanAnnouncedAreRefusedAndNothingIsKept() throws Exception {
    try (IncomingBlob incoming = blobs.receive(DIGEST, CONTENT.length - 1)) {
      assertThatThrownBy(() -> incoming.write(ByteBuffer.wrap(CONTENT)))
          .isInstanceOf(BlobRefusedException.class)
          .hasMessageContaining("longer than");
    }
    assertThat(entries()).isEmpty();
  }

  @Test
  void twoCannotStoreOneBlobAtOnce() throws Exception {
    try (IncomingBlob incoming = blobs.receive(DIGEST, CONTENT.length)) {
      assertThat(incoming.size()).isEqualTo(CONTENT.length);
      for (BlobStore other : List.of(blobs, BlobStore.open(home))) {
        assertThatThrownBy(() -> other.receive(DIGEST, CONTENT.length))
            .isInstanceOf(BlobBusyException.class);
      }
    }
    receive(0, CONTENT.length);
  }

  @Test
  void aFileOfAnotherStoreIsLinkedOnceItsBytesAreRight() throws Exception {
    Path right = Files.write(home.resolve("right"), CONTENT);
    Path wrong = Files.write(home.resolve("wrong"), new byte[CONTENT.length]);

    assertThatThrownBy(() -> blobs.take(wrong, DIGEST, CONTENT.length))
        .isInstanceOf(BundleBrokenException.class);
    assertThat(blobs.find(DIGEST)).isEmpty();
    blobs.take(right, DIGEST, CONTENT.length);
    assertThat(Files.getAttribute(blobs.find(DIGEST).orElseThrow(), "unix:ino"))
        .isEqualTo(Files.getAttribute(right, "unix:ino"));
  }

  @Test
  void garbageIsWhatNoBundleHasAndNobodyHasJustBrought() throws Exception {
    receive(0, CONTENT.length);
    Path blob = blobs.find(DIGEST).orElseThrow();
    Sha256 other = Sha256.of(new byte[] {1});
    Path partial = Files.writeString(home.resolve("blobs/.partial-" + other.hex()), "half");
    Instant later = Instant.now().plus(BlobStore.UNUSED_AGE).plusSeconds(60);

    blobs.collectGarbage(Set.of(), Set.of(), Instant.now());
    assertThat(blob).exists();
    assertThat(partial).exists();
    blobs.collectGarbage(Set.of(DIGEST), Set.of(DIGEST), later);
    assertThat(blob).exists();
    assertThat(partial).doesNotExist();
    blobs.collectGarbage(Set.of(), Set.of(), later);
    assertThat(blob).doesNotExist();
    receive(0, CONTENT.length);
    blobs.collectGarbage(Set.of(), Set.of(DIGEST), Instant.now());
    assertThat(blob).doesNotExist();
  }

  @Test
  void anOldTimeOfTheContentDoesNotMakeABlobOld() throws Exception {
    Path file = Files.write(home.resolve("file"), CONTENT);
    Files.setLastModifiedTime(file, FileTime.fromMillis(0));
    blobs.take(file, DIGEST, CONTENT.length);

    blobs.collectGarbage(Set.of(), Set.of(), Instant.now());

    assertThat(blobs.find(DIGEST)).isPresent();
  }

  private void receive(int from, int to) throws IOException {
    try (IncomingBlob incoming = blobs.receive(DIGEST, CONTENT.length)) {
      incoming.write(ByteBuffer.wrap(CONTENT, from, to - from));
      if (to == CONTENT.length) {
        incoming.commit();
      }
    }
  }

  private List<String> entries() throws IOException {
    try (var entries = Files.list(home.resolve("blobs"))) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
