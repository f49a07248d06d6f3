package dev.mayfly.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.BundlePublication;
import dev.mayfly.api.rest.ImagePolicyChange;
import dev.mayfly.api.rest.ImagePolicyView;
import dev.mayfly.api.rest.ImagePublication;
import dev.mayfly.api.rest.ImageVersionView;
import dev.mayfly.client.fake.FakeOrchestrator;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real client against REST v1 on loopback. */
class ImageClientIT {
  private static final ImageRef NAME = new ImageRef("registry.example:5000/tools/maven:3");
  private static final byte[] CONTENT =
      "a root file system".repeat(9000).getBytes(StandardCharsets.UTF_8);

  @TempDir Path directory;

  private final FakeOrchestrator fake = orchestrator();
  private ImageClient images;

  private static FakeOrchestrator orchestrator() {
    try {
      return new FakeOrchestrator(job -> {});
    } catch (java.io.IOException failed) {
      throw new java.io.UncheckedIOException(failed);
    }
  }

  @BeforeEach
  void connect() {
    images =
        new MayflyClient(BaseUrl.parse(fake.url()), () -> FakeOrchestrator.TOKEN, Timeouts.DEFAULT)
            .imageClient();
  }

  @AfterEach
  void stop() {
    fake.close();
  }

  static BlobDigest digest(byte[] bytes) throws Exception {
    StringBuilder hex = new StringBuilder("sha256:");
    for (byte each : MessageDigest.getInstance("SHA-256").digest(bytes)) {
      hex.append(String.format("%02x", each));
    }
    return new BlobDigest(hex.toString());
  }

  @Test
  void aBlobIsSentOnceWithItsLengthAndReadFromAnyOffset() throws Exception {
    Path file = Files.write(directory.resolve("rootfs"), CONTENT);
    BlobDigest digest = digest(CONTENT);
    assertThat(images.blobSize(digest)).isEmpty();
    List<Long> told = new ArrayList<>();
    assertThat(images.putBlob(digest, file, (done, total) -> told.add(done))).isTrue();
    assertThat(told).isSorted().endsWith((long) CONTENT.length);
    assertThat(images.blobSize(digest)).hasValue(CONTENT.length);
    assertThat(images.putBlob(digest, file, TransferProgress.NONE)).isFalse();
    assertThat(fake.count("PUT", "/api/v1/blobs/")).isEqualTo(1);
    Map<String, String> sent =
        fake.received().stream()
            .filter(call -> call.method().equals("PUT"))
            .findFirst()
            .orElseThrow()
            .headers();
    assertThat(sent).containsEntry("Content-length", Integer.toString(CONTENT.length));

    ByteArrayOutputStream read = new ByteArrayOutputStream();
    read.write(CONTENT, 0, 1000);
    assertThat(images.readBlob(digest, 1000, read, TransferProgress.NONE)).isTrue();
    assertThat(read.toByteArray()).isEqualTo(CONTENT);
    assertThat(images.readBlob(digest(new byte[1]), 0, read, TransferProgress.NONE)).isFalse();
  }

  @Test
  void aBusyOrchestratorIsAskedAgain() throws Exception {
    Path file = Files.write(directory.resolve("rootfs"), CONTENT);
    fake.refuseNext(new dev.mayfly.api.rest.Problem("about:blank", "busy", 503, null, List.of()));
    assertThat(images.putBlob(digest(CONTENT), file, TransferProgress.NONE)).isTrue();
  }

  @Test
  void aBlobThatIsNotItsDigestIsRefused() throws Exception {
    Path file = Files.write(directory.resolve("rootfs"), CONTENT);
    assertThatThrownBy(() -> images.putBlob(digest(new byte[] {1}), file, TransferProgress.NONE))
        .isInstanceOf(MayflyProblem.class);
  }

  @Test
  void aBundleNamesTheBlobsItLacks() throws Exception {
    BlobDigest blob = digest(CONTENT);
    String manifest = "{\"rootfs\":{\"sha256\":\"" + blob.hex() + "\"}}";
    BundleDigest bundle =
        new BundleDigest(digest(manifest.getBytes(StandardCharsets.UTF_8)).value());
    BundlePublication publication = new BundlePublication(manifest, List.of());
    assertThat(images.putBundle(bundle, publication))
        .isEqualTo(new BundleStoring.Lacking(List.of(blob)));
    images.putBlob(blob, Files.write(directory.resolve("rootfs"), CONTENT), TransferProgress.NONE);
    assertThat(images.putBundle(bundle, publication))
        .isInstanceOfSatisfying(
            BundleStoring.Stored.class,
            stored -> assertThat(stored.bundle().manifest()).isEqualTo(manifest));
    assertThat(images.bundle(bundle)).isPresent();
  }

  @Test
  void aNameIsKeptByItsPolicyGoesBackAndIsForgotten() throws Exception {
    MayflyClient client =
        new MayflyClient(BaseUrl.parse(fake.url()), () -> FakeOrchestrator.TOKEN, Timeouts.DEFAULT);
    String first = digest(new byte[] {1}).value();
    client.publish(NAME, new ImagePublication(first, "x86_64", 5L));
    client.publish(NAME, new ImagePublication(digest(new byte[] {2}).value(), "x86_64", 6L));
    assertThat(images.history(NAME)).extracting(ImageVersionView::number).containsExactly(2, 1);
    assertThat(images.rollBack(NAME, 1).bundleDigest()).isEqualTo(first);
    assertThat(images.policy(NAME)).isEmpty();
    ImagePolicyView policy =
        images.change(
            NAME, new ImagePolicyChange("registry:x", null, null, 3600, null, true, null));
    assertThat(images.policies()).containsExactly(policy);
    assertThat(images.policy(NAME)).contains(policy);
    assertThat(images.collect().complete()).isTrue();
    assertThat(images.remove(NAME)).isTrue();
    assertThat(images.remove(NAME)).isFalse();
    assertThat(images.history(NAME)).isEmpty();
  }
}
