package dev.mayfly.server.blobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.core.image.BlobStore;
import dev.mayfly.server.config.BlobSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/** Against a real S3 protocol server that checks the signature of every request. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class S3BlobStoreIT extends BlobStoreContract {
  private static final BlobSettings.AccessKey KEY =
      new BlobSettings.AccessKey("local-id", "local-secret");
  private static final String BUCKET = "mayfly";

  private final String prefix = UUID.randomUUID() + "/";
  private final S3Service service;
  private final S3Client client;

  S3BlobStoreIT(@TempDir Path directory) throws IOException {
    service = S3Service.start(directory, KEY);
    client = S3Clients.client(settings(KEY));
  }

  private BlobSettings.S3 settings(BlobSettings.AccessKey key) {
    return new BlobSettings.S3(service.endpoint(), "us-east-1", BUCKET, prefix, key, true);
  }

  @BeforeAll
  void makeBucket() {
    client.createBucket(request -> request.bucket(BUCKET));
  }

  @AfterAll
  void stop() {
    client.close();
    service.close();
  }

  @Override
  BlobStore store() {
    return new S3BlobStore(client, BUCKET, prefix + System.identityHashCode(this) + "/");
  }

  @BeforeEach
  void empty() throws IOException {
    for (BlobStore.Stored blob : store().list(Optional.empty(), 1000)) {
      store().delete(blob.digest());
    }
  }

  @Test
  void anUploadThatACrashLeftIsAborted() throws Exception {
    byte[] content = bytes(9 * 1024 * 1024);
    BlobDigest digest = digest(content);
    BlobStore.Upload crashed = store().begin(digest, content.length);
    crashed.write(content, 0, content.length);
    assertThat(client.listMultipartUploads(request -> request.bucket(BUCKET)).uploads()).hasSize(1);
    store().removeLeftovers(Instant.now().minus(Duration.ofHours(1)));
    assertThat(client.listMultipartUploads(request -> request.bucket(BUCKET)).uploads())
        .as("it may go on")
        .hasSize(1);
    store().removeLeftovers(Instant.now().plus(Duration.ofHours(1)));
    assertThat(client.listMultipartUploads(request -> request.bucket(BUCKET)).uploads()).isEmpty();
    assertThat(store().size(digest)).isEmpty();
  }

  @Test
  void objectsOfStrangersAreLeftAlone() throws Exception {
    String own = prefix + System.identityHashCode(this) + "/sha256-";
    for (String name : List.of("000", "zzz")) {
      client.putObject(
          request -> request.bucket(BUCKET).key(own + name), RequestBody.fromString("theirs"));
    }
    BlobDigest digest = stored(store(), bytes(10));
    assertThat(store().list(Optional.empty(), 1))
        .extracting(BlobStore.Stored::digest)
        .containsExactly(digest);
    assertThat(store().list(Optional.of(digest), 1)).isEmpty();
    for (String name : List.of("000", "zzz")) {
      client.deleteObject(request -> request.bucket(BUCKET).key(own + name));
    }
  }

  @Test
  void aWrongKeyIsAnErrorAndNotAnAbsentBlob() throws Exception {
    BlobDigest digest = stored(store(), bytes(10));
    BlobSettings.S3 wrong = settings(new BlobSettings.AccessKey("local-id", "another"));
    try (S3BlobStore refused = new S3BlobStore(S3Clients.client(wrong), BUCKET, prefix)) {
      assertThatThrownBy(() -> refused.size(digest)).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> refused.open(digest, 0)).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> refused.list(Optional.empty(), 1)).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> put(refused, digest, bytes(10), 10))
          .isInstanceOf(IOException.class)
          .hasMessageNotContaining("another");
    }
  }
}
