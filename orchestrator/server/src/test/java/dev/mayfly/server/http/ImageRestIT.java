package dev.mayfly.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.BundleFileView;
import dev.mayfly.api.rest.BundlePublication;
import dev.mayfly.api.rest.BundleSignatureText;
import dev.mayfly.api.rest.BundleView;
import dev.mayfly.api.rest.ImageCollectionView;
import dev.mayfly.api.rest.ImagePolicyChange;
import dev.mayfly.api.rest.ImagePolicyView;
import dev.mayfly.api.rest.ImagePublication;
import dev.mayfly.api.rest.ImageVersionView;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.client.BaseUrl;
import dev.mayfly.client.BundleStoring;
import dev.mayfly.client.ImageClient;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyProblem;
import dev.mayfly.client.Publication;
import dev.mayfly.client.Timeouts;
import dev.mayfly.client.TransferProgress;
import dev.mayfly.server.TestOrchestrator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Images, bundles and blobs over REST, by the real client where it knows the call. */
class ImageRestIT {
  @TempDir Path directory;

  private final TestOrchestrator orchestrator = TestOrchestrator.shared();
  private final Api api = new Api(orchestrator);
  private final MayflyClient client =
      new MayflyClient(
          BaseUrl.parse(orchestrator.uri("").toString()), orchestrator::apiToken, Timeouts.DEFAULT);
  private final ImageClient images = client.imageClient();
  private final ImageRef name = new ImageRef("registry.example:5000/team/" + UUID.randomUUID());

  private void upload(SampleBundle bundle) throws IOException, InterruptedException {
    for (Map.Entry<BlobDigest, byte[]> blob : bundle.blobs().entrySet()) {
      Path file = Files.write(directory.resolve(blob.getKey().hex()), blob.getValue());
      images.putBlob(blob.getKey(), file, TransferProgress.NONE);
    }
  }

  private static BundlePublication publication(
      SampleBundle bundle, BundleSignatureText... signatures) {
    return new BundlePublication(
        new String(bundle.manifest(), StandardCharsets.UTF_8), List.of(signatures));
  }

  private SampleBundle stored() throws IOException, InterruptedException {
    SampleBundle bundle = new SampleBundle("sample:1");
    upload(bundle);
    assertThat(images.putBundle(bundle.digest(), publication(bundle)))
        .isInstanceOf(BundleStoring.Stored.class);
    return bundle;
  }

  private ImageView publish(SampleBundle bundle) throws IOException, InterruptedException {
    return ((Publication.Published)
            client.publish(
                name, new ImagePublication(bundle.digest().value(), "x86_64", bundle.size())))
        .image();
  }

  @Test
  void aBlobIsStoredOnceAndReadFromAnyOffset() throws Exception {
    SampleBundle bundle = new SampleBundle("sample:1");
    BlobDigest rootfs = bundle.rootfs();
    byte[] content = bundle.rootfsBytes();
    Path file = Files.write(directory.resolve("rootfs"), content);
    assertThat(images.blobSize(rootfs)).isEmpty();
    assertThat(images.putBlob(rootfs, file, TransferProgress.NONE)).isTrue();
    assertThat(images.putBlob(rootfs, file, TransferProgress.NONE)).isFalse();
    assertThat(images.blobSize(rootfs)).hasValue(content.length);
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    read.write(content, 0, 200_000);
    assertThat(images.readBlob(rootfs, 200_000, read, TransferProgress.NONE)).isTrue();
    assertThat(read.toByteArray()).isEqualTo(content);
    assertThat(orchestrator.home().resolve("images/served/sha256-" + rootfs.hex()))
        .hasBinaryContent(content);

    Api.Answer middle =
        api.send(api.request("/api/v1/blobs/" + rootfs).header("Range", "bytes=10-19"));
    assertThat(middle.status()).isEqualTo(206);
    assertThat(middle.raw().body()).isEqualTo(java.util.Arrays.copyOfRange(content, 10, 20));
    assertThat(middle.header("Content-Range")).isEqualTo("bytes 10-19/" + content.length);
    Api.Answer beyond =
        api.send(
            api.request("/api/v1/blobs/" + rootfs)
                .header("Range", "bytes=" + content.length + "-"));
    assertThat(beyond.status()).isEqualTo(416);
    assertThat(beyond.contentType()).isEqualTo("application/problem+json");
  }

  @Test
  void aBlobThatIsNotItsDigestLeavesNothing() throws Exception {
    BlobDigest digest = new BlobDigest("sha256:" + "0".repeat(60) + "beef");
    Path file = Files.write(directory.resolve("x"), new byte[2_000_000]);
    assertThatThrownBy(() -> images.putBlob(digest, file, TransferProgress.NONE))
        .isInstanceOfSatisfying(
            MayflyProblem.class, problem -> assertThat(problem.problem().status()).isEqualTo(422));
    assertThat(images.blobSize(digest)).isEmpty();
    try (var files = Files.list(orchestrator.home().resolve("images/served"))) {
      assertThat(files).noneMatch(path -> path.getFileName().toString().contains("beef"));
    }
  }

  @Test
  void anUploadThatBreaksOffLeavesNothing() throws Exception {
    String hex = "0".repeat(58) + "abcdef";
    try (Socket socket = new Socket("127.0.0.1", orchestrator.uri("").getPort())) {
      socket
          .getOutputStream()
          .write(
              """
              PUT /api/v1/blobs/sha256:%s HTTP/1.1\r
              Host: 127.0.0.1\r
              Authorization: Bearer %s\r
              Content-Type: application/octet-stream\r
              Content-Length: 1000000\r
              \r
              the first bytes\
              """
                  .formatted(hex, orchestrator.apiToken())
                  .getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().flush();
      await().atMost(Duration.ofSeconds(10)).until(() -> partial(hex));
    }
    await().atMost(Duration.ofSeconds(10)).until(() -> !partial(hex));
    assertThat(images.blobSize(new BlobDigest("sha256:" + hex))).isEmpty();
  }

  private boolean partial(String hex) throws IOException {
    try (var files = Files.list(orchestrator.home().resolve("images/served"))) {
      return files.anyMatch(file -> file.getFileName().toString().contains(hex));
    }
  }

  @Test
  void aBlobNeedsALengthAndADigest() {
    byte[] one = {1};
    HttpRequest.Builder chunked =
        api.request("/api/v1/blobs/sha256:" + "1".repeat(64))
            .PUT(
                HttpRequest.BodyPublishers.ofInputStream(
                    () -> new java.io.ByteArrayInputStream(one)));
    assertThat(api.send(chunked).status()).isEqualTo(411);
    assertThat(
            api.send(
                    api.request("/api/v1/blobs/sha256:abc")
                        .PUT(HttpRequest.BodyPublishers.ofByteArray(one)))
                .status())
        .isEqualTo(422);
    assertThat(
            api.send(
                    api.anonymous("/api/v1/blobs/sha256:" + "1".repeat(64))
                        .PUT(HttpRequest.BodyPublishers.ofByteArray(one)))
                .status())
        .isEqualTo(401);
    assertThat(api.get("/api/v1/blobs/sha256:" + "1".repeat(64)).status()).isEqualTo(404);
    assertThat(api.get("/api/v1/blobs/..%2Fsecrets").status()).isEqualTo(404);
  }

  @Test
  void aBundleIsStoredWhenItsBlobsAreAndGathersSignatures() throws Exception {
    SampleBundle bundle = new SampleBundle("sample:1");
    assertThat(images.bundle(bundle.digest())).isEmpty();
    assertThat(images.putBundle(bundle.digest(), publication(bundle)))
        .isEqualTo(new BundleStoring.Lacking(List.copyOf(bundle.blobs().keySet())));
    upload(bundle);
    BundleSignatureText signature =
        new BundleSignatureText(
            "0123456789abcdef", Base64.getEncoder().encodeToString(new byte[64]));
    assertThat(images.putBundle(bundle.digest(), publication(bundle)))
        .isInstanceOf(BundleStoring.Stored.class);
    assertThat(images.putBundle(bundle.digest(), publication(bundle, signature)))
        .isInstanceOf(BundleStoring.Stored.class);
    publish(bundle);
    BundleView view = images.bundle(bundle.digest()).orElseThrow();
    assertThat(view.manifest()).isEqualTo(new String(bundle.manifest(), StandardCharsets.UTF_8));
    assertThat(view.signatures()).containsExactly(signature);
    assertThat(view.sizeBytes()).isEqualTo(bundle.size());
    assertThat(view.images()).containsExactly(name.value());
    assertThat(view.files())
        .extracting(BundleFileView::name)
        .containsExactly("vmlinux", "initramfs.cpio.gz", "rootfs.erofs");
    assertThat(view.content()).isNotNull();
    assertThat(view.servable()).isTrue();
  }

  @Test
  void aBundleThatIsNotItsDigestIsRefused() throws Exception {
    SampleBundle bundle = new SampleBundle("sample:1");
    upload(bundle);
    BundleDigest other = new BundleDigest("sha256:" + "e".repeat(64));
    assertThat(images.putBundle(other, publication(bundle)))
        .isInstanceOfSatisfying(
            BundleStoring.Refused.class,
            refused ->
                assertThat(refused.problem().errors().getFirst().field()).isEqualTo("manifest"));
    assertThat(
            images.putBundle(
                bundle.digest(), publication(bundle, new BundleSignatureText("short", "AAAA"))))
        .isInstanceOf(BundleStoring.Refused.class);
    BundlePublication nonsense = new BundlePublication("{}", null);
    BundleDigest ofNonsense =
        new BundleDigest(
            dev.mayfly.image.bundle.Sha256.of("{}".getBytes(StandardCharsets.UTF_8)).toString());
    assertThat(images.putBundle(ofNonsense, nonsense)).isInstanceOf(BundleStoring.Refused.class);
    assertThat(images.bundle(bundle.digest())).isEmpty();
  }

  @Test
  void anImageShowsItsBundleItsVersionAndItsPolicy() throws Exception {
    SampleBundle bundle = stored();
    ImageView first = publish(bundle);
    assertThat(first.version()).isEqualTo(1);
    assertThat(first.servable()).isTrue();
    assertThat(first.policy()).isNull();
    assertThat(first.bundle())
        .satisfies(content -> {
          assertThat(content.kernelRelease()).isEqualTo("6.1.0");
          assertThat(content.source()).isEqualTo("registry:maven:3");
          assertThat(content.rootfsBytes()).isPositive();
        });
    ImagePolicyView policy =
        images.change(
            name,
            new ImagePolicyChange(
                "registry:maven:3", null, "0 0 3 * * ?", 3600, 2, true, List.of("fast")));
    assertThat(images.policy(name)).contains(policy);
    assertThat(images.policies()).contains(policy);
    assertThat(client.image(name).orElseThrow().policy()).isEqualTo(policy);
    assertThat(client.images()).extracting(ImageView::name).contains(name.value());
    assertThatThrownBy(() ->
            images.change(name, new ImagePolicyChange("x", null, "daily", null, null, null, null)))
        .isInstanceOfSatisfying(
            MayflyProblem.class,
            problem ->
                assertThat(problem.problem().errors())
                    .extracting(error -> error.field())
                    .containsExactly("source", "refreshCron"));
  }

  @Test
  void aNameGoesBackAndIsForgotten() throws Exception {
    SampleBundle one = stored();
    publish(one);
    client.publish(name, new ImagePublication(Api.BUNDLE, "x86_64", 5L));
    assertThat(client.image(name).orElseThrow().servable()).as("only on workers").isFalse();
    ImageView back = images.rollBack(name, 1);
    assertThat(back.bundleDigest()).isEqualTo(one.digest().value());
    assertThat(images.history(name))
        .extracting(ImageVersionView::number, ImageVersionView::cause, ImageVersionView::current)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(3, "ROLLED_BACK", true),
            org.assertj.core.groups.Tuple.tuple(2, "PUBLISHED", false),
            org.assertj.core.groups.Tuple.tuple(1, "PUBLISHED", false));
    assertThat(
            api.get(
                    "/api/v1/image-versions?limit=1&cursor=3&image="
                        + name.value().replace("/", "%2F"))
                .json()
                .get("next")
                .asString())
        .isEqualTo("2");
    assertThatThrownBy(() -> images.rollBack(name, 9)).isInstanceOf(MayflyProblem.class);
    assertThat(images.remove(name)).isTrue();
    assertThat(images.remove(name)).isFalse();
    assertThat(client.image(name)).isEmpty();
    assertThat(images.history(name)).isEmpty();
  }

  @Test
  void aCollectionRemovesWhatNothingNeedsAndIsOld() throws Exception {
    SampleBundle needed = stored();
    SampleBundle unneeded = stored();
    publish(needed);
    images.collect();
    assertThat(images.bundle(unneeded.digest())).as("too young").isPresent();
    orchestrator
        .bean(JdbcClient.class)
        .sql("update bundle set stored_at = stored_at - interval '2 hours' where digest in (?, ?)")
        .params(needed.digest().value(), unneeded.digest().value())
        .update();
    ImageCollectionView collected = images.collect();
    assertThat(collected.bundles())
        .contains(unneeded.digest().value())
        .doesNotContain(needed.digest().value());
    assertThat(images.bundle(unneeded.digest())).isEmpty();
    assertThat(images.bundle(needed.digest())).isPresent();
    for (BlobDigest blob : needed.blobs().keySet()) {
      assertThat(images.blobSize(blob)).isPresent();
    }
  }
}
