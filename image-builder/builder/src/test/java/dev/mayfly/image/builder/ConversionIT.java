package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.builder.RootfsImage.Times;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.tree.ArchiveListing;
import dev.mayfly.image.tree.Layer;
import dev.mayfly.image.tree.LayerFile;
import dev.mayfly.image.tree.LayeredTree;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compares, file by file, what umoci unpacks from an image's layers with what a kernel shows of the
 * root file system that was made of them. GNU tar looks at both.
 */
class ConversionIT {
  /** Every capability there is, effective: many of its bytes are no text. */
  private static final byte[] CAPABILITY =
      HexFormat.of().parseHex("01000002ffffffffffffffff" + "ff010000ff010000");

  @TempDir Path directory;
  private final Commands commands = new Commands(System.getenv());

  @BeforeEach
  void needsRootAndPrograms() {
    assumeTrue("root".equals(System.getProperty("user.name")), "mounts need root");
    for (String program : List.of("/usr/bin/umoci", "/usr/bin/mkfs.erofs", "/usr/bin/fakeroot")) {
      assumeTrue(Files.isExecutable(Path.of(program)), program + " is not installed");
    }
  }

  @Test
  void everythingOfEveryFileSurvives() throws Exception {
    List<Layer> layers = layers();
    Path unpacked = unpackedByUmoci(layers);
    Path image = directory.resolve("rootfs.erofs");
    convert(layers, image, true, true);
    SortedMap<String, String> expected = listing(unpacked);
    SortedMap<String, String> actual = mountedListing(image);

    assertThat(expected).hasSizeGreaterThan(60);
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    expected.forEach((name, line) -> assertThat(actual.get(name)).as(name).isEqualTo(line));
    // So that the comparison is not of nothing with nothing.
    assertThat(actual.get("./usr/bin/ping"))
        .contains("security.capability=" + HexFormat.of().formatHex(CAPABILITY))
        .contains("user.note=00ff80");
    assertThat(actual.get("./usr/bin/su")).contains("mode 6755").contains("owner 70000:80000");
    assertThat(actual.keySet())
        .contains("./usr/line\nfeed", "./usr/" + "l".repeat(254), "./usr/lib/from-upper")
        .noneMatch(name -> name.contains(".wh."));
  }

  @Test
  void theSameLayersMakeTheSameBytesAsRootAndUnderFakeroot() throws Exception {
    List<Layer> layers = layers();
    for (boolean keepTimes : List.of(true, false)) {
      Path first = directory.resolve("first" + keepTimes);
      Path second = directory.resolve("second" + keepTimes);
      Path faked = directory.resolve("faked" + keepTimes);
      convert(layers, first, keepTimes, true);
      Thread.sleep(1_100); // The clock's second must not show.
      convert(layers, second, keepTimes, true);
      convert(layers, faked, keepTimes, false);

      assertThat(Sha256.ofFile(second)).isEqualTo(Sha256.ofFile(first));
      assertThat(Sha256.ofFile(faked)).isEqualTo(Sha256.ofFile(first));
    }
  }

  private void convert(List<Layer> layers, Path image, boolean keepTimes, boolean root)
      throws Exception {
    try (WorkDirectory work = WorkDirectory.open(directory.resolve("work"))) {
      Path archive = work.resolve("layers.tar");
      Path spool = Files.createDirectory(work.resolve("spool"));
      long latest;
      try (LayeredTree tree = LayeredTree.of(layers, spool)) {
        latest = tree.writeTo(archive);
      }
      BuildRoom room = new BuildRoom(work, commands, new Steps(Progress.silent()), root);
      new RootfsImage(room)
          .make(
              archive,
              List.of(),
              keepTimes ? new Times.Own(latest) : new Times.Same(1_600_000_000),
              image);
    }
    assertThat(directory.resolve("work")).doesNotExist();
  }

  private SortedMap<String, String> mountedListing(Path image) throws Exception {
    Path mount = Files.createDirectory(directory.resolve("mount"));
    run("mount", "-t", "erofs", "-o", "loop,ro", image.toString(), mount.toString());
    try {
      return listing(mount);
    } finally {
      run("umount", mount.toString());
    }
  }

  private SortedMap<String, String> listing(Path root) throws Exception {
    Path archive = directory.resolve(root.getFileName() + ".tar");
    run(
        "tar",
        "--create",
        "--file=" + archive,
        "--directory=" + root,
        "--format=posix",
        "--numeric-owner",
        "--xattrs",
        "--xattrs-include=*",
        ".");
    return ArchiveListing.of(archive);
  }

  private Path unpackedByUmoci(List<Layer> layers) throws Exception {
    Path layout = Files.createDirectories(directory.resolve("layout"));
    Path blobs = Files.createDirectories(layout.resolve("blobs/sha256"));
    List<String> descriptors = new ArrayList<>();
    List<String> diffIds = new ArrayList<>();
    for (Layer layer : layers) {
      descriptors.add(
          blob(blobs, Files.readAllBytes(layer.file()), "application/vnd.oci.image.layer.v1.tar"));
      diffIds.add("\"" + layer.diffId().orElseThrow() + "\"");
    }
    String config =
        """
        {"architecture":"amd64","os":"linux","config":{},
         "rootfs":{"type":"layers","diff_ids":[%s]}}\
        """
            .formatted(String.join(",", diffIds));
    String manifest =
        """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
         "config":%s,"layers":[%s]}\
        """
            .formatted(
                blob(
                    blobs,
                    config.getBytes(StandardCharsets.UTF_8),
                    "application/vnd.oci.image.config.v1+json"),
                String.join(",", descriptors));
    String descriptor =
        blob(
            blobs,
            manifest.getBytes(StandardCharsets.UTF_8),
            "application/vnd.oci.image.manifest.v1+json");
    Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    Files.writeString(
        layout.resolve("index.json"),
        "{\"schemaVersion\":2,\"manifests\":["
            + descriptor.replaceFirst(
                "}$", ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"it\"}}")
            + "]}");
    Path bundle = directory.resolve("bundle");
    run("umoci", "unpack", "--image", layout + ":it", bundle.toString());
    return bundle.resolve("rootfs");
  }

  private static String blob(Path blobs, byte[] bytes, String mediaType) throws IOException {
    Sha256 digest = Sha256.of(bytes);
    Files.write(blobs.resolve(digest.hex()), bytes);
    return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}"
        .formatted(mediaType, digest, bytes.length);
  }

  private void run(String... arguments) throws Exception {
    commands.mustRun(
        new Command(List.of(arguments), Map.of(), ""), in -> in.skip(Long.MAX_VALUE), line -> {});
  }

  private List<Layer> layers() {
    return List.of(
        base().layer(directory.resolve("1")),
        changes().layer(directory.resolve("2")),
        more().layer(directory.resolve("3")));
  }

  private static LayerFile base() {
    byte[] random = new byte[300_001];
    new Random(1).nextBytes(random);
    LayerFile layer = new LayerFile().time(1_500_000_000).directory(".");
    // umoci gives those no layer names the time of its run.
    String deep = "deep";
    for (int depth = 0; depth <= 100; depth++) {
      layer.directory(deep);
      deep += "/0123456789abcdef";
    }
    for (String name :
        List.of(
            "usr",
            "usr/bin",
            "etc",
            "dev",
            "dev/net",
            "run",
            "links",
            "gone",
            "gone/sub",
            "opaque",
            "opaque/sub",
            "directory-then-file",
            "directory-then-link")) {
      layer.directory(name);
    }
    return layer
        .mode(06755)
        .owner(70_000, 80_000)
        .file("usr/bin/su", random)
        .pax("SCHILY.xattr.security.capability", CAPABILITY)
        .pax("SCHILY.xattr.user.note", new byte[] {0, (byte) 0xff, (byte) 0x80})
        .file("usr/bin/ping", "p".repeat(5_000))
        .pax("SCHILY.xattr.user.empty", "")
        .pax("SCHILY.xattr.user.long", "v".repeat(2_000))
        .pax("SCHILY.xattr.trusted.overlay.opaque", "y")
        .directory("usr/lib")
        .symbolicLink("lib", "usr/lib")
        .symbolicLink("usr/absolute", "/etc/../etc/passwd")
        .symbolicLink("usr/dangling", "../../../nowhere")
        .owner(0, 42)
        .mode(0640)
        .pax("mtime", "1600000001.123456789")
        .file("etc/shadow", "s")
        .file("usr/with space", "1")
        .file("usr/line\nfeed", "2")
        .file("usr/\u00c3\u00a4\u00e2\u0082\u00ac", "3")
        .file("usr/" + "l".repeat(254), "4")
        .file("usr/-rf", "5")
        .file("usr/back\\slash\"quote'*?[a]", "6")
        .file("deep" + "/0123456789abcdef".repeat(100) + "/end", "7")
        .symbolicLink("usr/long-target", "t".repeat(1_500))
        .mode(01777)
        .directory("tmp")
        .mode(0666)
        .characterDevice("dev/null", 1, 3)
        .mode(0600)
        .characterDevice("dev/console", 5, 1)
        .characterDevice("dev/net/tun", 10, 200)
        .pipe("run/pipe")
        .mode(0)
        .file("etc/nobody-reads", "x")
        .mode(0)
        .directory("etc/nobody-enters")
        .file("etc/empty", "")
        .file("etc/zeros", new byte[200_000])
        .file("etc/exactly-a-block", new byte[4_096])
        .file("links/one", "shared")
        .hardLink("links/two", "links/one")
        .hardLink("links/three", "links/two")
        .file("gone/file", "x")
        .file("gone/sub/file", "x")
        .file("opaque/old", "x")
        .file("opaque/sub/old", "x")
        .file("file-then-directory", "x")
        .file("directory-then-file/x", "x")
        .file("directory-then-link/x", "x")
        .file("replaced", "old");
  }

  private static LayerFile changes() {
    return new LayerFile()
        .time(1_500_000_500)
        .directory("gone-parent")
        .file(".wh.gone", "")
        .mode(0711)
        .directory("opaque")
        .file("opaque/.wh..wh..opq", "")
        .file("opaque/new", "n")
        .time(1_500_000_600)
        .directory("file-then-directory")
        .file("file-then-directory/x", "y")
        .file("directory-then-file", "z")
        .symbolicLink("directory-then-link", "/etc")
        .owner(1000, 1000)
        .file("replaced", "new")
        .time(1_500_000_700)
        .directory("links")
        .file("links/.wh.one", "")
        .hardLink("links/four", "links/three")
        .file("lib/from-upper", "through the link")
        .time(1_500_000_800)
        .directory("usr/lib");
  }

  private static LayerFile more() {
    return new LayerFile()
        .time(1_500_000_900)
        .directory("gone")
        .file("gone/again", "x")
        .file("usr/.wh.-rf", "")
        .time(1_500_001_000)
        .directory("usr");
  }
}
