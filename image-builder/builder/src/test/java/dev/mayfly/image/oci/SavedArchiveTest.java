package dev.mayfly.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SavedArchiveTest {
  private static final OciPlatform AMD64 = new OciPlatform("linux", "amd64", "");
  private static final byte[] LAYER = bytes("a layer, to whom it may concern");
  private static final byte[] CONFIG =
      bytes(
          """
          {"architecture":"amd64","os":"linux","rootfs":{"diff_ids":["%s"]}}\
          """
              .formatted(Sha256.of(LAYER)));

  @TempDir Path directory;
  private Path spool;

  @BeforeEach
  void makeASpool() throws IOException {
    spool = Files.createDirectory(directory.resolve("spool"));
  }

  @Test
  void anArchiveOfAnOldDockerIsReadThroughItsLinks() throws Exception {
    Path archive = directory.resolve("old.tar.gz");
    try (OutputStream file = Files.newOutputStream(archive);
        TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(file))) {
      put(tar, "first/layer.tar", LAYER);
      link(tar, "second/layer.tar", "../first/layer.tar");
      put(tar, "config.json", CONFIG);
      put(
          tar,
          "manifest.json",
          bytes(
              """
              [{"Config":"config.json","RepoTags":["team/tool:1"],"Layers":["second/layer.tar"]}]\
              """));
    }

    OciImage image = SavedArchive.read(archive, Optional.of("1"), spool, AMD64);

    assertThat(image.digest()).isEqualTo(Sha256.of(CONFIG));
    assertThat(image.layers().getFirst().file()).hasBinaryContent(LAYER);
    assertThat(image.layers().getFirst().diffId()).contains(Sha256.of(LAYER));
    assertThat(SavedArchive.read(archive, Optional.empty(), other("a"), AMD64)).isNotNull();
    assertThatThrownBy(() -> SavedArchive.read(archive, Optional.of("2"), other("b"), AMD64))
        .isInstanceOf(OciException.class)
        .hasMessageContaining("has no such image; there are team/tool:1");
  }

  @Test
  void anArchiveWithALayoutIsReadByItsDigests() throws Exception {
    Path archive = directory.resolve("layout.tar");
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(archive))) {
      layout(tar, LAYER);
    }

    assertThat(SavedArchive.read(archive, Optional.of("one"), spool, AMD64).layers()).hasSize(1);
  }

  @Test
  void aBlobThatIsNotWhatItsNameSaysIsRefused() throws Exception {
    Path archive = directory.resolve("layout.tar");
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(archive))) {
      byte[] other = LAYER.clone();
      other[0] ^= 1;
      layout(tar, other);
    }

    assertThatThrownBy(() -> SavedArchive.read(archive, Optional.empty(), spool, AMD64))
        .isInstanceOf(OciException.class)
        .hasMessageContaining("is damaged: blobs/sha256/" + Sha256.of(LAYER).hex());
  }

  @Test
  void noNameInAnArchiveIsANameOnThisMachine() throws Exception {
    Path outside = directory.resolve("outside");
    Path archive = directory.resolve("hostile.tar");
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(archive))) {
      put(tar, "../outside", bytes("x"));
      put(tar, "/" + outside, bytes("x"));
      link(tar, "manifest.json", "/etc/passwd");
    }

    assertThatThrownBy(() -> SavedArchive.read(archive, Optional.empty(), spool, AMD64))
        .hasMessageContaining("it is no saved image")
        .hasMessageContaining("tar:FILE");
    assertThat(outside).doesNotExist();
  }

  @Test
  void whatIsNoArchiveOrIsCutOffIsSaid() throws Exception {
    Path rubbish = Files.write(directory.resolve("rubbish"), bytes("rubbish".repeat(500)));
    assertThatThrownBy(() -> SavedArchive.read(rubbish, Optional.empty(), spool, AMD64))
        .isInstanceOf(OciException.class)
        .hasMessageContaining("is no tar archive");

    Path archive = directory.resolve("cut.tar");
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(archive))) {
      layout(tar, LAYER);
    }
    byte[] whole = Files.readAllBytes(archive);
    Path cut = Files.write(directory.resolve("cut"), Arrays.copyOf(whole, 700));
    assertThatThrownBy(() -> SavedArchive.read(cut, Optional.empty(), other("c"), AMD64))
        .hasMessageContaining("cannot be read to its end")
        .hasMessageContaining("save the image again");
    assertThatThrownBy(
            () -> SavedArchive.read(directory.resolve("none"), Optional.empty(), spool, AMD64))
        .hasMessageContaining("there is no archive");
  }

  private static void layout(TarArchiveOutputStream tar, byte[] layer) throws IOException {
    byte[] manifest =
        bytes(
            """
            {"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":%d}]}\
            """
                .formatted(Sha256.of(CONFIG), CONFIG.length, Sha256.of(LAYER), LAYER.length));
    put(tar, "./oci-layout", bytes("{\"imageLayoutVersion\":\"1.0.0\"}"));
    put(tar, "./blobs/sha256/" + Sha256.of(LAYER).hex(), layer);
    put(tar, "./blobs/sha256/" + Sha256.of(CONFIG).hex(), CONFIG);
    put(tar, "./blobs/sha256/" + Sha256.of(manifest).hex(), manifest);
    put(
        tar,
        "./index.json",
        bytes(
            """
            {"manifests":[{"mediaType":"%s","digest":"%s","size":%d,"annotations":{"org.opencontainers.image.ref.name":"one"}}]}\
            """
                .formatted(MediaTypes.MANIFEST, Sha256.of(manifest), manifest.length)));
  }

  private Path other(String name) throws IOException {
    return Files.createDirectory(directory.resolve("spool-" + name));
  }

  private static void put(TarArchiveOutputStream tar, String name, byte[] content)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name, true);
    entry.setSize(content.length);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  private static void link(TarArchiveOutputStream tar, String name, String target)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
    entry.setLinkName(target);
    tar.putArchiveEntry(entry);
    tar.closeArchiveEntry();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
