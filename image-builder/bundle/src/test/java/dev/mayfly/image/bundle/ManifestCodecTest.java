package dev.mayfly.image.bundle;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleManifest.Guest;
import dev.mayfly.image.bundle.BundleManifest.Initramfs;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestCodecTest {
  private final BundleManifest manifest = SampleBundles.manifest("debian:12", "one");
  private final String text = new String(manifest.toBytes(), UTF_8);

  @Test
  void theBytesAreThoseOfTheContract() {
    assertThat(text)
        .startsWith(
            "{\"schema\":2,\"name\":\"debian:12\",\"architecture\":\"x86_64\",\"guest\":\"AGENT\",\"kernel\":{\"file\":\"vmlinux\",\"sha256\":\"")
        .contains(
            "\"size\":11,\"release\":\"6.1.0-41-cloud-amd64\",\"flavour\":\"debian-cloud\",\"needsAcpi\":true,\"arguments\":\"\"},\"initramfs\":{")
        .contains("\"agent\":{\"version\":\"0.1.0\",\"protocolVersion\":1}},\"rootfs\":{")
        .contains("\"fileSystem\":\"erofs\"},\"sbom\":{")
        .contains("\"format\":\"cyclonedx-1.6\"},\"defaults\":{\"environment\":[\"PATH=")
        .contains("\"entrypoint\":[\"/entry\"],\"command\":[\"serve\",\"--now\"]}")
        .contains(
            "\"provenance\":{\"source\":{\"kind\":\"recipe\",\"reference\":\"debian:12\",\"digest\":\"sha256:")
        .endsWith(
            "\"inputs\":[\"linux-image-6.1.0-41-cloud-amd64=6.1.158-1\"],\"sourceSeconds\":1704067200}}");
  }

  @Test
  void whatIsWrittenIsReadBackWithTheSameDigest() throws Exception {
    BundleManifest read = BundleManifest.parse(manifest.toBytes());

    assertThat(read).isEqualTo(manifest);
    assertThat(read.digest()).isEqualTo(Sha256.of(manifest.toBytes()));
  }

  @Test
  void aConsoleGuestMayHaveNothingButAKernel() throws Exception {
    BundleManifest kernelOnly = with(Guest.CONSOLE, Optional.empty());

    assertThat(new String(kernelOnly.toBytes(), UTF_8))
        .doesNotContain("rootfs", "sbom", "initramfs");
    assertThat(BundleManifest.parse(kernelOnly.toBytes())).isEqualTo(kernelOnly);
  }

  @Test
  void anAgentGuestNeedsTheAgentAndAConsoleGuestHasNone() {
    Initramfs withAgent = manifest.initramfs().orElseThrow();
    Initramfs withoutAgent = new Initramfs(withAgent.file(), Optional.empty());

    assertThatThrownBy(() -> with(Guest.AGENT, Optional.empty()))
        .hasMessageContaining("initramfs.agent is required");
    assertThatThrownBy(() -> with(Guest.AGENT, Optional.of(withoutAgent)))
        .hasMessageContaining("initramfs.agent is required");
    assertThatThrownBy(() -> with(Guest.CONSOLE, Optional.of(withAgent)))
        .hasMessageContaining("initramfs.agent is not for");
  }

  private BundleManifest with(Guest guest, Optional<Initramfs> initramfs) {
    return new BundleManifest(
        manifest.name(),
        manifest.architecture(),
        guest,
        manifest.kernel(),
        initramfs,
        Optional.empty(),
        Optional.empty(),
        manifest.defaults(),
        manifest.provenance());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"schema\":2|\"schema\":3|schema",
        "\"schema\":2|\"schema\":\"1\"|schema",
        "\"schema\":2|\"schema\":2,\"extra\":true|extra",
        "\"name\":\"debian:12\"|\"name\":12|name",
        "\"name\":\"debian:12\"|\"name\":null|name",
        "\"name\":\"debian:12\"|\"name\":\"../x\"|name",
        "\"needsAcpi\":true|\"needsAcpi\":\"yes\"|kernel.needsAcpi",
        "\"needsAcpi\":true|\"needsAcpi\":true,\"more\":1|kernel.more",
        "\"size\":11|\"size\":-11|kernel.size",
        "\"size\":11|\"size\":1.5|kernel.size",
        "\"size\":11|\"size\":99999999999999999999|kernel.size",
        "\"protocolVersion\":1|\"protocolVersion\":70000|initramfs.agent.protocolVersion",
        "\"file\":\"vmlinux\"|\"file\":\"../vmlinux\"|kernel.file",
        "\"file\":\"vmlinux\"|\"file\":\"/etc/passwd\"|kernel.file",
        "\"file\":\"vmlinux\"|\"file\":\"..\"|kernel.file",
        "\"file\":\"vmlinux\"|\"file\":\"manifest.json\"|manifest.json",
        "\"file\":\"vmlinux\"|\"file\":\"rootfs.erofs\"|rootfs.erofs",
        "\"user\":\"\"|\"user\":[]|defaults.user",
        "\"PATH=/usr/bin:/bin\"|5|defaults.environment[0]",
        "\"PATH=/usr/bin:/bin\"|\"no equals sign\"|defaults.environment",
        "\"workingDirectory\":\"/workspace\"|\"workingDirectory\":\"here\"|defaults.workingDirectory",
        "\"inputs\":[|\"inputs\":[7,|provenance.inputs[0]",
        "\"digest\":\"|\"digest\":\"X|provenance.source.digest",
        "\"guest\":\"AGENT\"|\"guest\":\"agent\"|guest",
        "\"sourceSeconds\":1704067200|\"sourceSeconds\":-1|provenance.sourceSeconds",
      })
  void aWrongMemberIsNamed(String right, String wrong, String member) {
    assertThat(text).contains(right);

    assertThatThrownBy(
            () -> BundleManifest.parse(text.replaceFirst(quoted(right), wrong).getBytes(UTF_8)))
        .isInstanceOf(BundleFormatException.class)
        .hasMessageContaining(member);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "7", "{", "{}", "null", "{\"schema\":2}", "\u0000"})
  void whatIsNoManifestIsRefused(String bytes) {
    assertThatThrownBy(() -> BundleManifest.parse(bytes.getBytes(UTF_8)))
        .isInstanceOf(BundleFormatException.class);
  }

  @Test
  void sameContentInOtherBytesIsRefused() {
    for (String other :
        new String[] {
          text.replaceFirst(":", ": "),
          text + "\n",
          text.replace("debian:12", "debian\\u003a12"),
          text.replaceFirst("\"schema\":2,(\"name\":\"debian:12\")", "$1,\"schema\":2"),
        }) {
      assertThat(other).isNotEqualTo(text);
      assertThatThrownBy(() -> BundleManifest.parse(other.getBytes(UTF_8)))
          .isInstanceOf(BundleFormatException.class)
          .hasMessageContaining("not canonical");
    }
  }

  @Test
  void aMemberGivenTwiceIsRefused() {
    String twice = text.replaceFirst("\"schema\":2", "\"schema\":2,\"schema\":2");

    assertThatThrownBy(() -> BundleManifest.parse(twice.getBytes(UTF_8)))
        .isInstanceOf(BundleFormatException.class)
        .hasMessageContaining("schema");
  }

  @Test
  void aManifestOver64KiBIsRefusedUnread() {
    byte[] large = (text + " ".repeat(BundleManifest.MAX_BYTES)).getBytes(UTF_8);

    assertThatThrownBy(() -> BundleManifest.parse(large))
        .isInstanceOf(BundleFormatException.class)
        .hasMessageContaining("65536");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a/b", "/a", "A", ".hidden", "a\u0000", "a b"})
  void aFileNameNeverLeavesTheDirectory(String name) {
    assertThatThrownBy(() -> new BundleFile(name, manifest.kernel().file().sha256(), 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static String quoted(String text) {
    return java.util.regex.Pattern.quote(text);
  }
}
