package dev.mayfly.it.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.oci.OciImage;
import dev.mayfly.image.oci.OciPlatform;
import dev.mayfly.image.registry.LayerCache;
import dev.mayfly.image.registry.RegistryAccess;
import dev.mayfly.image.registry.RegistryPull;
import dev.mayfly.image.source.RegistryReference;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pulls from Debian's docker-registry what umoci made of Debian's busybox. */
class RegistryPullIT {
  private static final OciPlatform AMD64 = new OciPlatform("linux", "amd64", "");

  @TempDir Path directory;

  private final List<String> notes = new ArrayList<>();
  private final Map<String, String> environment = new HashMap<>();
  private LoopbackRegistry registry;
  private MeddlingProxy proxy;
  private Path layout;

  @BeforeEach
  void startARegistryWithBusybox() throws Exception {
    environment.put("HOME", directory.toString());
    registry = LoopbackRegistry.start(directory.resolve("registry"), Optional.empty());
    proxy = MeddlingProxy.before(registry);
    layout = SavedImages.layout(directory.resolve("layout"));
    SavedImages.busybox(layout, "one");
    RawPush.to(registry).image(layout, "one", "team/busybox", "1");
  }

  @AfterEach
  void stop() throws Exception {
    proxy.close();
    registry.close();
  }

  @Test
  void anImageIsPulledWithWhatItsConfigurationSays() throws Exception {
    OciImage image = pull(registry.host() + "/team/busybox:1");

    assertThat(image.digest()).isEqualTo(SavedImages.manifest(layout, "one"));
    assertThat(image.config().defaults().environment()).contains("GREETING=hello");
    assertThat(image.config().defaults().user()).isEqualTo("1000:1000");
    assertThat(image.config().defaults().workingDirectory()).isEqualTo("/srv");
    assertThat(image.config().defaults().entrypoint()).containsExactly("/bin/busybox");
    assertThat(image.config().defaults().command()).containsExactly("sh");
    assertThat(image.config().createdSeconds()).isEqualTo(1767323045L);
    assertThat(image.layers()).hasSize(1);
    assertThat(Sha256.ofFile(image.layers().getFirst().file()))
        .isEqualTo(SavedImages.layers(layout, "one").getFirst());
  }

  @Test
  void aDigestPinsTheImageWhateverTheTagPointsToLater() throws Exception {
    Sha256 first = SavedImages.manifest(layout, "one");
    SavedImages.insert(layout, "one", file("more"), "/srv/more");
    RawPush.to(registry).image(layout, "one", "team/busybox", "1");

    assertThat(pull(registry.host() + "/team/busybox:1@" + first).layers()).hasSize(1);
    assertThat(pull(registry.host() + "/team/busybox:1").layers()).hasSize(2);
    assertThatThrownBy(() -> pull(registry.host() + "/team/busybox@sha256:" + "0".repeat(64)))
        .isInstanceOf(OciException.class)
        .hasMessageContaining("HTTP 404")
        .hasMessageContaining("check the name");
  }

  @Test
  void aTagIsResolvedWithoutItsManifestWhenNothingHasMoved() throws Exception {
    String image = proxy.host() + "/team/busybox:1";
    Sha256 first = resolve(image);
    proxy.takeRequests();

    assertThat(resolve(image)).isEqualTo(first).isEqualTo(SavedImages.manifest(layout, "one"));
    assertThat(proxy.takeRequests()).containsExactly("HEAD /v2/team/busybox/manifests/1");

    SavedImages.insert(layout, "one", file("more"), "/srv/more");
    Sha256 moved = RawPush.to(registry).image(layout, "one", "team/busybox", "1");
    assertThat(resolve(image)).isEqualTo(moved).isNotEqualTo(first);
  }

  @Test
  void aMovedTagCostsOnlyTheLayersThatAreNew() throws Exception {
    String image = proxy.host() + "/team/busybox:1";
    pull(image);
    assertThat(blobsAskedFor()).hasSize(2);

    pull(image);
    assertThat(blobsAskedFor()).isEmpty();

    SavedImages.insert(layout, "one", file("more"), "/srv/more");
    RawPush.to(registry).image(layout, "one", "team/busybox", "1");
    pull(image);
    Sha256 added = SavedImages.layers(layout, "one").getLast();
    assertThat(blobsAskedFor())
        .hasSize(2)
        .anyMatch(request -> request.endsWith(added.toString()))
        .noneMatch(request -> request.endsWith(layer("one").toString()));
  }

  @Test
  void ofAnIndexTheImageForThisMachineIsTaken() throws Exception {
    SavedImages.busybox(layout, "arm");
    SavedImages.run("umoci", "config", "--image", layout + ":arm", "--architecture", "arm64");
    RawPush push = RawPush.to(registry);
    Sha256 arm = push.image(layout, "arm", "team/busybox", "arm");
    Sha256 amd = SavedImages.manifest(layout, "one");
    byte[] index = index(Map.of("amd64", amd, "arm64", arm));
    push.manifest("team/busybox", "multi", "application/vnd.oci.image.index.v1+json", index);

    assertThat(pull(registry.host() + "/team/busybox:multi").digest()).isEqualTo(amd);
    assertThat(resolve(registry.host() + "/team/busybox:multi")).isEqualTo(amd);
    assertThat(pull(registry.host() + "/team/busybox@" + Sha256.of(index)).digest()).isEqualTo(amd);
    assertThatThrownBy(() ->
            puller(new OciPlatform("linux", "riscv64", ""))
                .pull(reference(registry.host() + "/team/busybox:multi")))
        .isInstanceOf(OciException.class)
        .hasMessageContaining("has no image for linux/riscv64; it has ")
        .hasMessageContaining("linux/amd64")
        .hasMessageContaining("linux/arm64");
    assertThatThrownBy(() -> pull(registry.host() + "/team/busybox:arm"))
        .hasMessageContaining("is for linux/arm64, and this machine is linux/amd64");
  }

  @Test
  void anIndexOfIndexesIsRefused() throws Exception {
    RawPush push = RawPush.to(registry);
    byte[] inner = index(Map.of("amd64", SavedImages.manifest(layout, "one")));
    push.manifest("team/busybox", "inner", "application/vnd.oci.image.index.v1+json", inner);
    String outer =
        new String(index(Map.of("amd64", Sha256.of(inner))), StandardCharsets.UTF_8)
            .replace("image.manifest.v1", "image.index.v1")
            .replaceFirst("\"size\":[0-9]+", "\"size\":" + inner.length);
    push.manifest(
        "team/busybox",
        "outer",
        "application/vnd.oci.image.index.v1+json",
        outer.getBytes(StandardCharsets.UTF_8));

    assertThatThrownBy(() -> pull(registry.host() + "/team/busybox:outer"))
        .isInstanceOf(OciException.class)
        .hasMessageContaining("is an index of indexes");
  }

  @Test
  void aTruncatedBlobIsRefusedAndLeavesNothing() throws Exception {
    Sha256 layer = layer("one");
    byte[] whole = registry.bytes(layer.toString());
    registry.spoil(layer.toString(), Arrays.copyOf(whole, whole.length / 2));

    assertThatThrownBy(() -> pull(registry.host() + "/team/busybox:1"))
        .isInstanceOf(OciException.class)
        .hasMessageContaining(registry.host())
        .hasMessageContaining(layer.toString())
        .hasMessageContaining(whole.length + " bytes")
        .hasMessageContaining("nothing was taken of it")
        .matches(failure -> ((OciException) failure).isOutside());
    assertThat(cached(layer)).isEmpty();
  }

  @Test
  void aBlobWithAnotherDigestIsRefusedAndLeavesNothing() throws Exception {
    Sha256 layer = layer("one");
    byte[] other = registry.bytes(layer.toString());
    other[other.length / 2] ^= 1;
    registry.spoil(layer.toString(), other);

    assertThatThrownBy(() -> pull(registry.host() + "/team/busybox:1"))
        .isInstanceOf(OciException.class)
        .hasMessageContaining("bytes whose digest is " + Sha256.of(other))
        .hasMessageContaining(layer.toString());
    assertThat(cached(layer)).isEmpty();
  }

  @Test
  void aBlobThatDoesNotEndIsCutOffAtItsSize() throws Exception {
    Sha256 layer = layer("one");
    byte[] whole = registry.bytes(layer.toString());
    proxy.meddle((path, answer) ->
        path.endsWith(layer.toString())
            ? answer.instead(Arrays.copyOf(whole, whole.length + 1_000_000))
            : answer);

    assertThatThrownBy(() -> pull(proxy.host() + "/team/busybox:1"))
        .isInstanceOf(OciException.class)
        .hasMessageContaining(whole.length + " bytes")
        .hasMessageContaining(whole.length + 1_000_000 + " bytes");
    assertThat(cached(layer)).isEmpty();
  }

  @Test
  void aManifestWithAnotherDigestIsRefused() throws Exception {
    Sha256 manifest = SavedImages.manifest(layout, "one");
    proxy.meddle((path, answer) ->
        path.contains("/manifests/")
            ? answer.instead("{\"schemaVersion\":2}".getBytes(StandardCharsets.UTF_8))
            : answer);

    assertThatThrownBy(() -> pull(proxy.host() + "/team/busybox:1"))
        .isInstanceOf(OciException.class)
        .hasMessageContaining("and not " + manifest);
  }

  @Test
  void aHugeManifestIsNotRead() {
    proxy.meddle((path, answer) ->
        path.contains("/manifests/") ? answer.instead(new byte[5 << 20]) : answer);

    assertThatThrownBy(() -> pull(proxy.host() + "/team/busybox:1"))
        .isInstanceOf(OciException.class)
        .hasMessageContaining("has more than 4194304 bytes");
  }

  @Test
  void aBrokenConnectionIsContinuedFromWhereItBroke() throws Exception {
    Sha256 layer = layer("one");
    AtomicInteger times = new AtomicInteger();
    proxy.meddle((path, answer) ->
        path.endsWith(layer.toString()) && times.incrementAndGet() <= 2
            ? answer.cutTo(answer.body().length / 2)
            : answer);

    assertThat(Sha256.ofFile(pull(proxy.host() + "/team/busybox:1").layers().getFirst().file()))
        .isEqualTo(layer);
    assertThat(proxy.takeRequests().stream().filter(request -> request.contains("bytes=")))
        .hasSize(2);
  }

  @Test
  void aRegistryThatIsStartedAnewInTheMiddleIsWaitedFor() throws Exception {
    Sha256 layer = layer("one");
    AtomicInteger times = new AtomicInteger();
    proxy.meddle((path, answer) -> {
      if (path.endsWith(layer.toString()) && times.incrementAndGet() == 1) {
        restartSoon();
        return answer.cutTo(answer.body().length / 3);
      }
      return answer;
    });

    assertThat(Sha256.ofFile(pull(proxy.host() + "/team/busybox:1").layers().getFirst().file()))
        .isEqualTo(layer);
  }

  @Test
  void aMirrorIsAskedFirstAndTheRegistryWhenItFails() throws Exception {
    environment.put(
        "CONTAINERS_REGISTRIES_CONF",
        Files.writeString(
                directory.resolve("registries.conf"),
                """
                [[registry]]
                location = "registry.example"
                [[registry.mirror]]
                location = "127.0.0.1:%d"
                insecure = true
                [[registry.mirror]]
                location = "%s/team"
                insecure = true
                """
                    .formatted(LoopbackRegistry.freePort(), proxy.host()))
            .toString());

    assertThat(pull("registry.example/busybox:1").digest())
        .isEqualTo(SavedImages.manifest(layout, "one"));
    assertThat(blobsAskedFor()).hasSize(2);
    assertThat(notes).anyMatch(note -> note.contains("takes no connection; trying"));
  }

  @Test
  void aBlockedRegistryIsNotAsked() throws Exception {
    environment.put(
        "CONTAINERS_REGISTRIES_CONF",
        Files.writeString(
                directory.resolve("registries.conf"),
                "[[registry]]\nlocation = \"" + proxy.host() + "\"\nblocked = true\n")
            .toString());

    assertThatThrownBy(() -> pull(proxy.host() + "/team/busybox:1"))
        .hasMessageContaining("is blocked by registries.conf");
    assertThat(proxy.takeRequests()).isEmpty();
  }

  @Test
  void aLoginIsTakenFromTheDockerConfigurationOrAHelper() throws Exception {
    var login = new LoopbackRegistry.Login("ann", "sec:ret");
    try (LoopbackRegistry closed =
        LoopbackRegistry.start(directory.resolve("closed"), Optional.of(login))) {
      new RawPush(closed, Optional.of(login)).image(layout, "one", "private", "1");
      String image = closed.host() + "/private:1";
      assertThatThrownBy(() -> pull(image))
          .isInstanceOf(OciException.class)
          .hasMessageContaining("(HTTP 401)")
          .hasMessageContaining("docker login " + closed.host())
          .matches(failure -> !((OciException) failure).isOutside());

      Path docker = Files.createDirectory(directory.resolve("docker"));
      Path config = docker.resolve("config.json");
      environment.put("DOCKER_CONFIG", docker.toString());
      Files.writeString(config, auths(closed.host(), "ann:wrong"));
      assertThatThrownBy(() -> pull(image)).hasMessageContaining("(HTTP 401)");

      Files.writeString(config, auths(closed.host(), "ann:sec:ret"));
      assertThat(pull(image).digest()).isEqualTo(SavedImages.manifest(layout, "one"));
    }
  }

  @Test
  void whatIsNotThereIsTheAskersFaultAndADeadRegistryIsNot() throws Exception {
    assertThatThrownBy(() -> pull(registry.host() + "/team/other:1"))
        .hasMessageContaining("has no team/other:1 (HTTP 404); check the name")
        .matches(failure -> !((OciException) failure).isOutside());

    registry.stop();
    assertThatThrownBy(() -> pull(registry.host() + "/team/busybox:1"))
        .hasMessageContaining("takes no connection")
        .matches(failure -> ((OciException) failure).isOutside());
  }

  @Test
  void whatIsNoContainerImageIsRefused() throws Exception {
    RawPush push = RawPush.to(registry);
    Sha256 config = push.blob("team/chart", "{}".getBytes(StandardCharsets.UTF_8));
    push.manifest(
        "team/chart",
        "1",
        "application/vnd.oci.image.manifest.v1+json",
        """
        {"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"%s","size":2},"layers":[]}\
        """
            .formatted(config)
            .getBytes(StandardCharsets.UTF_8));

    assertThatThrownBy(() -> pull(registry.host() + "/team/chart:1"))
        .hasMessageContaining("is no container image but application/vnd.cncf.helm.config.v1+json");
  }

  private void restartSoon() {
    try {
      registry.stop();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    Thread.ofVirtual()
        .start(() -> {
          try {
            Thread.sleep(1000);
            registry.start();
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private static String auths(String host, String login) {
    return "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}"
        .formatted(
            host, Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8)));
  }

  private byte[] index(Map<String, Sha256> images) throws IOException {
    List<String> entries = new ArrayList<>();
    for (Map.Entry<String, Sha256> image : images.entrySet()) {
      Path file = SavedImages.blob(layout, image.getValue());
      entries.add(
          """
          {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%d,"platform":{"os":"linux","architecture":"%s"}}\
          """
              .formatted(
                  image.getValue(), Files.exists(file) ? Files.size(file) : 1, image.getKey()));
    }
    return """
    {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}\
    """
        .formatted(String.join(",", entries))
        .getBytes(StandardCharsets.UTF_8);
  }

  private Path file(String name) throws IOException {
    Path file = Files.writeString(directory.resolve(name), name);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    return file;
  }

  private Sha256 layer(String tag) {
    try {
      return SavedImages.layers(layout, tag).getFirst();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private List<String> blobsAskedFor() {
    return proxy.takeRequests().stream().filter(request -> request.contains("/blobs/")).toList();
  }

  private List<Path> cached(Sha256 digest) throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("layers"))) {
      return files.filter(file -> file.getFileName().toString().contains(digest.hex())).toList();
    }
  }

  private Sha256 resolve(String text) throws Exception {
    return puller(AMD64).resolve(reference(text));
  }

  private OciImage pull(String text) throws Exception {
    return puller(AMD64).pull(reference(text));
  }

  private RegistryPull puller(OciPlatform here) throws IOException {
    return new RegistryPull(
        RegistryAccess.of(environment, Set.of()),
        new LayerCache(directory.resolve("layers"), 1L << 30),
        here,
        notes::add);
  }

  private static RegistryReference reference(String text) {
    return RegistryReference.parse(text);
  }
}
