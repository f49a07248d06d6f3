package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mayfly.image.bundle.BundleManifest.Source;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.tree.FileView;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Builds from a minirootfs made here and published on loopback: this machine's static busybox, and
 * a script in apk's place that notes what it was asked and installs a file. No real Alpine is
 * fetched.
 */
class AlpineSourceIT {
  private static final Path BUSYBOX = Path.of("/bin/busybox");
  private static final String RELEASES = "/v3.22/releases/x86_64/";
  private static final String NAME = "alpine-minirootfs-3.22.1-x86_64.tar.gz";
  private static final long SECONDS = 1_750_000_000;

  private static final String APK =
      """
      #!/bin/sh
      echo "$@" > /asked
      test -c /dev/null && test -r /proc/self/status && echo ready >> /asked
      echo installed > /usr-from-apk
      printf 'P:jq\\nV:1.8.1-r0\\nA:x86_64\\nI:700000\\n' >> /lib/apk/db/installed
      """;

  @TempDir Path directory;
  private LoopbackFiles server;
  private byte[] minirootfs;

  @BeforeEach
  void publish() throws Exception {
    server = new LoopbackFiles();
    minirootfs = minirootfs();
    server.put(RELEASES + NAME, minirootfs);
    server.put(
        RELEASES + NAME + ".sha256",
        (Sha256.of(minirootfs).hex() + "  " + NAME + "\n").getBytes(UTF_8));
    server.put(
        RELEASES + "latest-releases.yaml",
        ("---\n-\n  title: \"Mini root filesystem\"\n  branch: v3.22\n  file: " + NAME + "\n")
            .getBytes(UTF_8));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void aVersionNamesItsLatestReleaseAndTheDigestCoversThePackages() throws Exception {
    Source latest = source("3.22", List.of("jq")).identify();
    Source exact = source("3.22.1", List.of("jq")).identify();
    Source none = source("3.22.1", List.of()).identify();

    assertThat(latest.kind()).isEqualTo("alpine");
    assertThat(latest.reference()).isEqualTo("3.22?packages=jq");
    assertThat(latest.digest()).isEqualTo(exact.digest()).isNotEqualTo(none.digest());
  }

  @Test
  void theMinirootfsAloneNeedsNoRoot() throws Exception {
    SourceContents contents = fetch(source("3.22", List.of()), false);

    assertThat(contents.sourceSeconds()).isEqualTo(SECONDS);
    assertThat(contents.defaults().workingDirectory()).isEqualTo("/workspace");
    assertThat(new String(contents.packages().sbom(FileView.none()).orElseThrow(), UTF_8))
        .contains("pkg:apk/alpine/musl@1.2.5-r10?arch=x86_64&distro=3.22.1");
  }

  @Test
  void packagesAreAddedByTheApkInItFromTheSameMirror() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "changing the root needs root");
    assumeTrue(Files.isExecutable(BUSYBOX), "busybox-static is not installed");

    SourceContents contents = fetch(source("3.22", List.of("jq")), true);

    SystemFiles.TarArchive archive = (SystemFiles.TarArchive) contents.files();
    ArchiveFiles files = ArchiveFiles.read(archive.archive(), path -> true);
    String mirror = server.uri("/v3.22").toString();
    assertThat(files.read("asked", 1000).map(bytes -> new String(bytes, UTF_8)))
        .contains(
            "add --no-cache --no-progress --repositories-file /dev/null --repository "
                + mirror
                + "/main --repository "
                + mirror
                + "/community jq\nready\n");
    assertThat(files.read("usr-from-apk", 1000)).isPresent();
    assertThat(new String(contents.packages().sbom(FileView.none()).orElseThrow(), UTF_8))
        .contains("pkg:apk/alpine/jq@1.8.1-r0");
    assertThat(
            WorkDirectory.mountsBelow(
                directory, Files.readAllLines(Path.of("/proc/self/mountinfo"))))
        .isEmpty();
  }

  @Test
  void packagesWithoutRootAreRefusedBeforeAnyDownload() {
    server.close();

    assertThatThrownBy(() -> fetch(source("3.22.1", List.of("jq")), false))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("needs root");
  }

  @Test
  void aWrongChecksumNamesTheMinirootfs() {
    byte[] other = minirootfs.clone();
    other[other.length - 1] ^= 1;
    server.put(RELEASES + NAME, other);

    assertThatThrownBy(() -> fetch(source("3.22", List.of()), false))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining(NAME + " is not what its publisher says")
        .hasMessageContaining(Sha256.of(minirootfs).hex());
  }

  @Test
  void aMissingChecksumOrReleaseIsNamed() {
    server.remove(RELEASES + NAME + ".sha256");

    assertThatThrownBy(() -> fetch(source("3.22", List.of()), false))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining(NAME + ".sha256 is not there");

    server.put(RELEASES + "latest-releases.yaml", "---\n".getBytes(UTF_8));
    assertThatThrownBy(() -> source("3.22", List.of()).identify())
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("latest-releases.yaml lists no minirootfs");
  }

  @Test
  void aTruncatedMinirootfsIsNamed() {
    server.truncate(RELEASES + NAME, minirootfs, 100);

    assertThatThrownBy(() -> fetch(source("3.22", List.of()), false))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining(NAME + " was not fetched whole");
  }

  @Test
  void theMirrorIsAnOptionASettingOrAlpinesOwn() throws Exception {
    assertThat(AlpineMirror.of(Optional.empty(), Map.of()).base())
        .hasToString(AlpineMirror.DEFAULT);
    Map<String, String> setting = Map.of(AlpineMirror.MIRROR_VARIABLE, "http://mirror.example/a/");
    assertThat(AlpineMirror.of(Optional.empty(), setting).base())
        .hasToString("http://mirror.example/a");
    assertThat(AlpineMirror.of(Optional.of("https://other.example"), setting).base())
        .hasToString("https://other.example");
    for (String wrong : List.of("ftp://mirror.example", "mirror", "http://a:b@mirror.example")) {
      assertThatThrownBy(() -> AlpineMirror.of(Optional.of(wrong), Map.of()))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("Alpine mirror")
          .hasMessageNotContaining("a:b");
    }
  }

  private AlpineSource source(String version, List<String> packages) {
    return new AlpineSource(version, packages, new AlpineMirror(server.uri(""), Optional.empty()));
  }

  private SourceContents fetch(AlpineSource source, boolean root) throws Exception {
    Path images = Files.createDirectories(directory.resolve("images"));
    WorkDirectory work = WorkDirectory.open(images.resolve("work"));
    Commands commands = new Commands(System.getenv());
    return source.fetch(new BuildRoom(work, commands, new Steps(Progress.silent()), root));
  }

  private static byte[] minirootfs() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(bytes);
        TarArchiveOutputStream tar = new TarArchiveOutputStream(gzip)) {
      if (Files.isExecutable(BUSYBOX)) {
        put(tar, "./bin/busybox", 0755, Files.readAllBytes(BUSYBOX));
      }
      TarArchiveEntry shell = new TarArchiveEntry("./bin/sh", TarConstants.LF_SYMLINK);
      shell.setLinkName("/bin/busybox");
      shell.setModTime(SECONDS * 1000);
      tar.putArchiveEntry(shell);
      tar.closeArchiveEntry();
      put(tar, "./sbin/apk", 0755, APK.getBytes(UTF_8));
      put(
          tar,
          "./etc/os-release",
          0644,
          "ID=alpine\nVERSION_ID=3.22.1\nNAME=\"Alpine Linux\"\n".getBytes(UTF_8));
      put(
          tar,
          "./lib/apk/db/installed",
          0644,
          "P:musl\nV:1.2.5-r10\nA:x86_64\nI:600000\n\n".getBytes(UTF_8));
    }
    return bytes.toByteArray();
  }

  private static void put(TarArchiveOutputStream tar, String path, int mode, byte[] content)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(path);
    entry.setMode(mode);
    entry.setSize(content.length);
    entry.setModTime(SECONDS * 1000);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }
}
