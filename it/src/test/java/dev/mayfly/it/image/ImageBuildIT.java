package dev.mayfly.it.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.bundle.SigningKey;
import dev.mayfly.it.image.BuilderProgram.Finished;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Container images become boot bundles, by the command that people and workers run. */
class ImageBuildIT {
  /** Kept from one run to the next, for the kernel in it. */
  private static final Path HOME = Path.of("target", "oci-home").toAbsolutePath();

  @TempDir Path directory;

  private final BuilderProgram builder = new BuilderProgram(HOME);
  private LoopbackRegistry registry;
  private MeddlingProxy proxy;
  private Path layout;

  @BeforeEach
  void startARegistryWithBusybox() throws Exception {
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
  void anImageInARegistryIsBuiltOnceAndAgainWhenItsTagHasMoved() throws Exception {
    String image = proxy.host() + "/team/busybox:1";
    Finished first = builder.build(image);
    assertThat(first.code()).as(first.err()).isZero();
    assertThat(first.last().path("built").booleanValue()).isTrue();
    assertThat(first.lines())
        .anyMatch(line -> is(line, "pull", "started"))
        .anyMatch(line -> is(line, "pull", "finished") && line.path("seconds").isNumber());

    JsonNode manifest = builder.manifest(image);
    assertThat(manifest.path("defaults").path("user").stringValue()).isEqualTo("1000:1000");
    assertThat(manifest.path("defaults").path("entrypoint").get(0).stringValue())
        .isEqualTo("/bin/busybox");
    JsonNode provenance = manifest.path("provenance");
    assertThat(provenance.path("source").path("kind").stringValue()).isEqualTo("registry");
    assertThat(provenance.path("source").path("digest").stringValue())
        .isEqualTo(builder.run("resolve", "registry:" + image).out().strip())
        .isEqualTo(SavedImages.manifest(layout, "one").toString());
    assertThat(provenance.path("sourceSeconds").longValue()).isEqualTo(1767323045L);

    proxy.takeRequests();
    assertThat(builder.build(image).last().path("built").booleanValue()).isFalse();
    assertThat(proxy.takeRequests()).isEmpty();
    assertThat(builder.build(image, "--refresh").last().path("built").booleanValue()).isFalse();

    Path more = Files.writeString(directory.resolve("more"), "more");
    SavedImages.insert(layout, "one", more, "/srv/more");
    RawPush.to(registry).image(layout, "one", "team/busybox", "1");
    proxy.takeRequests();
    Finished moved = builder.build(image, "--refresh");
    assertThat(moved.last().path("built").booleanValue()).isTrue();
    assertThat(moved.last().path("bundle")).isNotEqualTo(first.last().path("bundle"));
    assertThat(proxy.takeRequests().stream().filter(request -> request.contains("/blobs/")))
        .as("the new layer and the configuration, and not the layer that is known")
        .hasSize(2);
  }

  @Test
  void theSameImageHasTheSameRootFileSystemWhereverItComesFrom() throws Exception {
    Path archive = directory.resolve("saved.tar.gz");
    SavedImages.run("tar", "-czf", archive.toString(), "-C", layout.toString(), ".");

    build("from-registry", "registry:" + registry.host() + "/team/busybox:1");
    build("from-layout", "oci:" + layout + ":one");
    build("from-archive", "archive:" + archive + ":one");

    assertThat(rootfs("from-layout"))
        .isEqualTo(rootfs("from-registry"))
        .isEqualTo(rootfs("from-archive"));
    Finished again = builder.build("--from=oci:" + layout, "--name=from-layout");
    assertThat(again.code()).as("a layout with one image needs no tag: " + again.err()).isZero();
  }

  @Test
  void aDockerfileIsBuiltTwiceWithOneDigest() throws Exception {
    assumeTrue(
        System.getProperty("user.name").equals("root") || canMakeUserNamespaces(),
        "buildah needs root or user namespaces");
    Path context = Files.createDirectory(directory.resolve("context"));
    Files.copy(SavedImages.BUSYBOX, context.resolve("busybox"));
    Files.writeString(
        context.resolve("Dockerfile"),
        """
        FROM scratch
        COPY busybox /bin/busybox
        RUN ["/bin/busybox", "sh", "-c", "/bin/busybox mkdir /srv; echo hello >/srv/greeting"]
        ENV GREETING=hello
        """);

    Finished first = build("from-dockerfile", "dockerfile:" + context);
    assertThat(build("from-dockerfile", "dockerfile:" + context).last().path("bundle"))
        .isEqualTo(first.last().path("bundle"));
    assertThat(builder.manifest("from-dockerfile").path("defaults").path("environment").toString())
        .contains("GREETING=hello");

    Files.writeString(context.resolve("Dockerfile"), "FROM scratch\nCOPY missing /\n");
    Finished refused = builder.build("--from=dockerfile:" + context, "--name=from-dockerfile");
    assertThat(refused.code()).isEqualTo(1);
    assertThat(refused.last().path("blame").stringValue()).isEqualTo("USER");
    assertThat(refused.err()).contains("buildah build failed").contains("missing");
    assertNothingIsLeft();
  }

  @Test
  void aBundleComesBackFromARegistryAsItWas() throws Exception {
    Path key = directory.resolve("key.pem");
    SigningKey.create(key);
    Finished built =
        builder.build("--from=oci:" + layout + ":one", "--name=traveller", "--sign-key=" + key);
    assertThat(built.code()).as(built.err()).isZero();
    String digest = built.last().path("bundle").stringValue();
    String target = registry.host() + "/bundles/traveller:1";

    Finished pushed = builder.run("push", "traveller", target);
    assertThat(pushed.code()).as(pushed.err()).isZero();
    String pinned = pushed.out().lines().reduce("", (before, line) -> line);
    assertThat(pinned).startsWith(target + "@sha256:");
    assertThat(builder.run("push", "traveller", target).out()).contains(pinned);

    BuilderProgram other = new BuilderProgram(directory.resolve("other"));
    Finished pulled = other.run("pull", pinned, "--name=arrived");
    assertThat(pulled.code()).as(pulled.err()).isZero();
    assertThat(pulled.out()).contains("arrived is " + digest);
    assertThat(other.run("verify", "arrived").code()).isZero();
    String bundle = "bundles/sha256-" + digest.substring("sha256:".length());
    try (Stream<Path> files = Files.list(builder.images().resolve(bundle))) {
      for (Path file : files.toList()) {
        assertThat(other.images().resolve(bundle).resolve(file.getFileName()))
            .hasSameBinaryContentAs(file);
      }
    }
    assertThat(builder.build(pinned, "--name=x").last().path("error").stringValue())
        .contains("is no container image but application/vnd.mayfly.bundle.v2");
    assertThat(other.run("pull", registry.host() + "/team/busybox:1").err())
        .contains("is no boot bundle but application/vnd.oci.image.config.v1+json");
  }

  @Test
  void aBundleThatWasChangedOnTheWayIsRefused() throws Exception {
    build("traveller", "oci:" + layout + ":one");
    builder.run("push", "traveller", registry.host() + "/bundles/traveller:2");
    String rootfs = "sha256:" + rootfs("traveller");
    byte[] bytes = registry.bytes(rootfs);
    bytes[bytes.length / 2] ^= 1;
    registry.spoil(rootfs, bytes);

    BuilderProgram other = new BuilderProgram(directory.resolve("other"));
    Finished refused = other.run("pull", registry.host() + "/bundles/traveller:2");
    assertThat(refused.code()).isEqualTo(1);
    assertThat(refused.err())
        .contains(rootfs)
        .contains("bytes whose digest is " + Sha256.of(bytes))
        .hasLineCount(1);
    assertThat(other.run("ls", "--plain").out()).isEmpty();
  }

  @Test
  void whoseFaultItIsIsSaidToTheProgramThatAsked() throws Exception {
    assertThat(failure(registry.host() + "/team/other:1"))
        .containsExactly("USER", "has no team/other:1 (HTTP 404)");
    assertThat(failure(registry.host() + "/Team/other:1"))
        .containsExactly("USER", "the repository is not made of");

    // One that no earlier run has left in the cache.
    Path fresh = Files.writeString(directory.resolve("fresh"), UUID.randomUUID().toString());
    SavedImages.insert(layout, "one", fresh, "/srv/fresh");
    RawPush.to(registry).image(layout, "one", "team/busybox", "1");
    Sha256 layer = SavedImages.layers(layout, "one").getLast();
    byte[] bytes = registry.bytes(layer.toString());
    registry.spoil(layer.toString(), Arrays.copyOf(bytes, 100));
    assertThat(failure(registry.host() + "/team/busybox:1"))
        .containsExactly("EXTERNAL", "has for blob " + layer);
    registry.stop();
    assertThat(failure(registry.host() + "/team/busybox:1"))
        .containsExactly("EXTERNAL", "takes no connection");
    assertNothingIsLeft();
  }

  /** The blame, and the start of what a known message says, where it does say that. */
  private List<String> failure(String image) throws Exception {
    Finished finished = builder.build(image, "--name=failing");
    assertThat(finished.code()).isEqualTo(1);
    assertThat(finished.err()).startsWith("image: ").hasLineCount(1);
    String error = finished.last().path("error").stringValue();
    String known =
        Stream.of(
                "has no team/other:1 (HTTP 404)",
                "the repository is not made of",
                "has for blob " + SavedImages.layers(layout, "one").getLast(),
                "takes no connection")
            .filter(error::contains)
            .findFirst()
            .orElse(error);
    return List.of(finished.last().path("blame").stringValue(), known);
  }

  private Finished build(String name, String source) throws Exception {
    Finished finished = builder.build("--from=" + source, "--name=" + name);
    assertThat(finished.code()).as(finished.err()).isZero();
    return finished;
  }

  private String rootfs(String image) throws Exception {
    return builder.manifest(image).path("rootfs").path("sha256").stringValue();
  }

  private void assertNothingIsLeft() throws IOException {
    assertThat(builder.images().resolve("work")).doesNotExist();
    try (Stream<Path> layers = Files.list(builder.images().resolve("layers"))) {
      assertThat(layers.filter(file -> file.toString().endsWith(".part"))).isEmpty();
    }
  }

  private static boolean is(JsonNode line, String step, String state) {
    return line.path("step").asString("").equals(step)
        && line.path("state").asString("").equals(state);
  }

  private static boolean canMakeUserNamespaces() throws Exception {
    return new ProcessBuilder("unshare", "--user", "--map-root-user", "true").start().waitFor()
        == 0;
  }
}
