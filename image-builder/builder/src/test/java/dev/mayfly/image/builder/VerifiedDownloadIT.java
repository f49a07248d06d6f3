package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.image.builder.VerifiedDownload.Checksum;
import dev.mayfly.image.bundle.Sha256;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Downloads from a server on loopback. */
class VerifiedDownloadIT {
  private static final byte[] BYTES = "an archive".getBytes(UTF_8);
  private static final Checksum RIGHT = new Checksum("SHA-256", Sha256.of(BYTES).hex());
  private static final long LIMIT = 1000;

  @TempDir Path directory;
  private LoopbackFiles server;
  private VerifiedDownload download;

  @BeforeEach
  void start() throws Exception {
    server = new LoopbackFiles();
    download = new VerifiedDownload(directory);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void whatItsPublisherSaysIsKept() throws Exception {
    server.put("/a.tar.gz", BYTES);

    Path file = download.verified(server.uri("/a.tar.gz"), RIGHT, LIMIT);

    assertThat(file).hasBinaryContent(BYTES);
  }

  @Test
  void aWrongChecksumNamesTheFileAndBothDigestsAndKeepsNothing() {
    server.put("/a.tar.gz", "another archive".getBytes(UTF_8));

    assertThatThrownBy(() -> download.verified(server.uri("/a.tar.gz"), RIGHT, LIMIT))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("/a.tar.gz is not what its publisher says")
        .hasMessageContaining(RIGHT.hex())
        .hasMessageContaining(Sha256.of("another archive".getBytes(UTF_8)).hex());
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aTruncatedDownloadNamesTheFileAndKeepsNothing() {
    server.truncate("/a.tar.gz", BYTES, 4);

    assertThatThrownBy(() -> download.verified(server.uri("/a.tar.gz"), RIGHT, LIMIT))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("/a.tar.gz was not fetched whole");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void whatIsTooLargeOrNotThereIsRefused() {
    server.put("/a.tar.gz", BYTES);

    assertThatThrownBy(() -> download.verified(server.uri("/a.tar.gz"), RIGHT, 9))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("/a.tar.gz has more than the 9 bytes");
    assertThatThrownBy(() -> download.verified(server.uri("/b.tar.gz"), RIGHT, LIMIT))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("/b.tar.gz is not there")
        .hasMessageContaining("404");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aChecksumFileMayListOthers() throws Exception {
    String other = "0".repeat(64) + "  b.tar.gz\n";
    server.put("/sums", (other + RIGHT.hex() + " *a.tar.gz\n").getBytes(UTF_8));
    server.put("/bare", (RIGHT.hex() + "\n").getBytes(UTF_8));
    server.put("/others", other.getBytes(UTF_8));

    assertThat(download.checksum(server.uri("/sums"), "SHA-256", "a.tar.gz")).isEqualTo(RIGHT);
    assertThat(download.checksum(server.uri("/bare"), "SHA-256", "a.tar.gz")).isEqualTo(RIGHT);
    assertThatThrownBy(() -> download.checksum(server.uri("/others"), "SHA-256", "a.tar.gz"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("/others has no SHA-256 checksum of a.tar.gz");
    assertThatThrownBy(() -> download.checksum(server.uri("/none"), "SHA-256", "a.tar.gz"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("/none is not there");
  }

  @Test
  void aFileThatNobodyListensForIsNamedWithoutItsUser() throws Exception {
    URI gone = URI.create("http://127.0.0.1:" + server.uri("/").getPort() + "/a.tar.gz");
    server.close();

    assertThatThrownBy(() -> download.verified(gone, RIGHT, LIMIT))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("/a.tar.gz was not fetched whole");
  }

  @Test
  void aSignatureOfNoTrustedKeyIsRefused() throws Exception {
    Path file = Files.write(directory.resolve("a.tar.gz"), BYTES);
    Path keys = Files.write(directory.resolve("keys.gpg"), new byte[0]);
    server.put("/a.tar.gz.asc", "no signature".getBytes(UTF_8));

    assertThatThrownBy(() ->
            download.requireSigned(
                file, server.uri("/a.tar.gz.asc"), keys, new Commands(System.getenv())))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("a.tar.gz is not signed by a key of " + keys);
  }
}
