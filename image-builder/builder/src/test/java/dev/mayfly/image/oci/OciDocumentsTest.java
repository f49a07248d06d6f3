package dev.mayfly.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.image.bundle.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OciDocumentsTest {
  private static final Sha256 DIGEST = Sha256.of(bytes("x"));
  private static final String CONFIG =
      "{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":2}"
          .formatted(DIGEST);
  private static final OciPlatform AMD64 = new OciPlatform("linux", "amd64", "");
  private static final OciPlatform ARM64 = new OciPlatform("linux", "arm64", "v8");

  @Test
  void aManifestIsRead() throws Exception {
    OciDocuments.Top top =
        OciDocuments.top(
            "it",
            bytes(
                "{\"schemaVersion\":2,\"config\":"
                    + CONFIG
                    + ",\"layers\":["
                    + layer("application/vnd.oci.image.layer.v1.tar+zstd", "7")
                    + "],\"annotations\":{\"a\":\"b\"},\"unknown\":1}"),
            MediaTypes.MANIFEST);

    assertThat(top).isInstanceOf(OciDocuments.Top.Image.class);
    OciManifest manifest = ((OciDocuments.Top.Image) top).manifest();
    assertThat(manifest.layers()).extracting(OciDescriptor::size).containsExactly(7L);
    assertThat(manifest.annotations()).containsEntry("a", "b");
    OciDocuments.requireImage("it", manifest);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "not json | is not JSON",
        "{\"config\":1,\"config\":2} | is not JSON",
        "{\"mediaType\":\"application/vnd.oci.image.index.v1+json\"} | calls itself",
        "{\"layers\":[]} | has no member config",
        "{\"config\":{\"digest\":\"sha512:12\",\"size\":1},\"layers\":[]} | only sha256 is read",
        "{\"config\":{\"size\":1},\"layers\":[]} | without a digest",
        "{\"config\":{\"digest\":\"x\",\"size\":-1},\"layers\":[]} | of a size that is not between",
        "{\"config\":{\"digest\":\"x\",\"size\":99999999999},\"layers\":[]} | of a size that is not",
        "{\"config\":{\"digest\":7},\"layers\":[]} | is not a string"
      })
  void whatIsWrongWithAManifestIsSaid(String document, String problem) {
    assertThatThrownBy(() -> OciDocuments.top("it", bytes(document), MediaTypes.MANIFEST))
        .isInstanceOf(OciException.class)
        .hasMessageStartingWith("it")
        .hasMessageContaining(problem);
  }

  @Test
  void aDocumentOfAnotherTypeIsRefused() {
    assertThatThrownBy(() ->
            OciDocuments.top(
                "it", bytes("{}"), "application/vnd.docker.distribution.manifest.v1+prettyjws"))
        .hasMessageContaining("no image manifest that can be read here");
  }

  @Test
  void aLayerThatLiesElsewhereIsNotFetched() throws Exception {
    String foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    OciDocuments.Top top =
        OciDocuments.top(
            "it",
            bytes("{\"config\":" + CONFIG + ",\"layers\":[" + layer(foreign, "7") + "]}"),
            MediaTypes.MANIFEST);

    assertThatThrownBy(
            () -> OciDocuments.requireImage("it", ((OciDocuments.Top.Image) top).manifest()))
        .hasMessageContaining(foreign);
  }

  @Test
  void ofSeveralPlatformsOursIsChosenAndTheOthersAreNamed() throws Exception {
    OciDescriptor amd = image(AMD64);
    OciDescriptor arm = image(new OciPlatform("linux", "arm64", ""));
    OciDescriptor attestation = image(new OciPlatform("unknown", "unknown", ""));

    assertThat(OciDocuments.choose("it", List.of(attestation, arm, amd), AMD64)).isEqualTo(amd);
    assertThat(OciDocuments.choose("it", List.of(amd, arm), ARM64)).isEqualTo(arm);
    assertThatThrownBy(() ->
            OciDocuments.choose(
                "it", List.of(attestation, amd), new OciPlatform("linux", "s390x", "")))
        .hasMessage("it has no image for linux/s390x; it has linux/amd64");
  }

  @Test
  void whatAProgramGetsIsTakenFromTheConfiguration() throws Exception {
    OciImageConfig config =
        OciDocuments.config(
            "it",
            bytes(
                """
                {"architecture":"amd64","os":"linux","created":"2026-01-02T03:04:05.678+01:00",
                 "config":{"User":"nobody","Env":["A=b","odd.name=c"],"Entrypoint":["/e"],
                 "Cmd":null,"WorkingDir":""},"rootfs":{"type":"layers","diff_ids":["%s"]}}\
                """
                    .formatted(DIGEST)));

    assertThat(config.platform()).isEqualTo(AMD64);
    assertThat(config.defaults().environment()).containsExactly("A=b");
    assertThat(config.defaults().user()).isEqualTo("nobody");
    assertThat(config.defaults().workingDirectory()).isEqualTo("/");
    assertThat(config.defaults().entrypoint()).containsExactly("/e");
    assertThat(config.defaults().command()).isEmpty();
    assertThat(config.createdSeconds()).isEqualTo(1767319445L);
    assertThat(config.diffIds()).containsExactly(DIGEST);
  }

  @Test
  void aTimeThatWasNeverSetIsNone() throws Exception {
    assertThat(
            OciDocuments.config("it", bytes("{\"created\":\"0001-01-01T00:00:00Z\"}"))
                .createdSeconds())
        .isZero();
    assertThatThrownBy(() -> OciDocuments.config("it", bytes("{\"created\":\"yesterday\"}")))
        .hasMessageContaining("created is no time");
  }

  @Test
  void aConfigurationThatABundleCouldNotHoldIsRefused() {
    String huge = "A=" + "x".repeat(40_000);
    assertThatThrownBy(
            () -> OciDocuments.config("it", bytes("{\"config\":{\"Env\":[\"" + huge + "\"]}}")))
        .hasMessageContaining("40002 characters");
    assertThatThrownBy(
            () -> OciDocuments.config("it", bytes("{\"config\":{\"WorkingDir\":\"srv\"}}")))
        .hasMessageContaining("workingDirectory is not absolute");
  }

  private static OciDescriptor image(OciPlatform platform) {
    return new OciDescriptor(MediaTypes.MANIFEST, DIGEST, 1, Optional.of(platform), Map.of());
  }

  private static String layer(String type, String size) {
    return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%s}".formatted(type, DIGEST, size);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
