package dev.mayfly.server.blobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.core.image.BlobStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileBlobStoreTest extends BlobStoreContract {
  @TempDir Path directory;

  private BlobStore store = new dev.mayfly.core.image.InMemoryBlobStore(Instant::now);

  @BeforeEach
  void open() throws IOException {
    store = FileBlobStore.open(directory);
  }

  @Override
  BlobStore store() {
    return store;
  }

  private Path theirs(BlobDigest digest) {
    return directory.resolve("blobs").resolve("sha256-" + digest.hex());
  }

  private Path ours(BlobDigest digest) {
    return directory.resolve("served").resolve("sha256-" + digest.hex());
  }

  @Test
  void whatTheBuilderHasIsTakenInWithoutACopyAndSurvivesIt() throws Exception {
    byte[] content = bytes(5000);
    BlobDigest digest = digest(content);
    Files.createDirectories(directory.resolve("blobs"));
    Files.write(theirs(digest), content);
    assertThat(store.size(digest)).hasValue(5000);
    assertThat(Files.isSameFile(theirs(digest), ours(digest))).isTrue();
    Files.delete(theirs(digest));
    assertThat(store.open(digest, 4999).orElseThrow().readAllBytes())
        .containsExactly(content[4999]);
  }

  @Test
  void whatTheBuilderHasIsNotBelievedUnlessItsDigestIsRight() throws Exception {
    BlobDigest digest = digest(bytes(5000));
    Files.createDirectories(directory.resolve("blobs"));
    Files.write(theirs(digest), bytes(4999));
    assertThat(store.size(digest)).isEmpty();
    assertThat(store.open(digest, 0)).isEmpty();
    assertThat(ours(digest)).doesNotExist();
    Files.delete(theirs(digest));
    Files.createSymbolicLink(theirs(digest), Files.write(directory.resolve("x"), bytes(5000)));
    assertThat(store.size(digest)).as("a symbolic link").isEmpty();
  }

  @Test
  void whatIsStoredIsThereForTheWorkerOfThisHost() throws Exception {
    Files.createDirectories(directory.resolve("blobs"));
    BlobDigest digest = stored(store, bytes(100));
    assertThat(Files.isSameFile(theirs(digest), ours(digest))).isTrue();
    store.delete(digest);
    assertThat(theirs(digest)).as("the builder's own").exists();
  }

  @Test
  void whatACrashLeftGoesByItsAge() throws Exception {
    BlobStore.Upload crashed = store.begin(digest(bytes(9)), 9);
    crashed.write(bytes(9), 0, 4);
    store.removeLeftovers(Instant.now().minus(Duration.ofHours(1)));
    assertThat(leftovers()).isEqualTo(1);
    store.removeLeftovers(Instant.now().plus(Duration.ofHours(1)));
    assertThat(leftovers()).isZero();
    crashed.close();
    assertThat(store.list(Optional.empty(), 10)).isEmpty();
  }

  private long leftovers() throws IOException {
    try (var files = Files.list(directory.resolve("served"))) {
      return files.count();
    }
  }
}
