package dev.mayfly.image.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.image.bundle.Sha256;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostileLayerTest {
  private static final TreeLimits SMALL =
      new TreeLimits(3, 20, 1 << 20, 300, 254, 4_096, 10_000, 1_000);

  @TempDir Path directory;

  private void assertRefused(LayerFile hostile, String... parts) throws Exception {
    assertRefused(hostile.layer(directory.resolve("hostile")), parts);
  }

  /** Refused in one line that names the layer, and nothing is left of it. */
  private void assertRefused(Layer layer, String... parts) throws Exception {
    Layer honest = new LayerFile().file("etc/a", "1").layer(directory.resolve("honest"));
    Path spool = Files.createDirectories(directory.resolve("spool"));
    assertThatThrownBy(() -> LayeredTree.of(List.of(honest, layer), spool, SMALL).close())
        .isInstanceOf(TreeRefusedException.class)
        .hasMessageContainingAll(parts)
        .hasMessageContaining("hostile")
        .hasMessageContaining("; ")
        .message()
        .doesNotContain("\n")
        .hasSizeLessThan(600);
    assertThat(spool).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"../a", "etc/../../a", "/..", "..", "a/.."})
  void aNameThatLeadsUpIsRefused(String name) throws Exception {
    assertRefused(new LayerFile().file(name, "x"), "\"" + name + "\"", "leads out");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/etc/passwd", "../etc/passwd", "etc/../../x", "", "/"})
  void aHardLinkToOutsideIsRefused(String target) throws Exception {
    assertRefused(new LayerFile().hardLink("x", target), "\"x\"", "hard link", "outside");
  }

  @Test
  void aHardLinkToNothingOrToADirectoryIsRefused() throws Exception {
    assertRefused(new LayerFile().hardLink("x", "none"), "which is not there");
    assertRefused(new LayerFile().hardLink("x", "etc/none/b"), "which is not there");
    assertRefused(new LayerFile().hardLink("x", "etc"), "directory \"etc\"");
  }

  @Test
  void whatLinksLeadOutsideStaysInside() throws Exception {
    Layer layer =
        new LayerFile()
            .symbolicLink("out", "/../../../..")
            .symbolicLink("up", "../..")
            .file("out/a", "1")
            .file("up/b", "2")
            .layer(directory.resolve("links"));
    assertThat(TreeListing.of(directory, layer))
        .containsExactly(
            "./ 0755 0:0 directory",
            "./a 0644 0:0 \"1\"",
            "./b 0644 0:0 \"2\"",
            "./out -> /../../../..",
            "./up -> ../..");
  }

  @Test
  void linksInCirclesAndBelowFilesAreRefused() throws Exception {
    assertRefused(
        new LayerFile().symbolicLink("x", "y").symbolicLink("y", "x").file("x/a", ""),
        "symbolic links lead on");
    assertRefused(new LayerFile().file("etc/a/b", ""), "\"a\" is no directory");
    LayerFile long40 = new LayerFile().symbolicLink("x", "a/../".repeat(700) + "y").directory("a");
    assertRefused(long40.file("x/b", "").file("x/c", ""), "take too long to follow");
  }

  @Test
  void harmfulDevicesAreRefused() throws Exception {
    assertRefused(new LayerFile().device("dev/sda", '4', 8, 0), "a block device, 8:0");
    assertRefused(new LayerFile().device("x", '4', 1, 3), "a block device, 1:3");
    assertRefused(new LayerFile().characterDevice("x", 1, 1), "a character device, 1:1");
    assertRefused(new LayerFile().characterDevice("x", 1, 2), "1:2");
    assertRefused(new LayerFile().characterDevice("x", 1, 4), "1:4");
  }

  @Test
  void claimsOfATerabyteAreRefusedBeforeAnythingIsWritten() throws Exception {
    long terabyte = 1L << 40;
    assertRefused(new LayerFile().header("x", '0', "", terabyte), "1099511627776 bytes");
    assertRefused(
        new LayerFile()
            .pax("GNU.sparse.major", "1")
            .pax("GNU.sparse.minor", "0")
            .pax("GNU.sparse.name", "sparse")
            .pax("GNU.sparse.realsize", Long.toString(terabyte))
            .file("GNUSparseFile.0/sparse", Arrays.copyOf(LayerFile.bytes("0\n"), 512)),
        "\"sparse\"",
        "1099511627776 bytes");
    assertRefused(
        new LayerFile()
            .pax("GNU.sparse.map", "0,1")
            .pax("GNU.sparse.size", Long.toString(terabyte))
            .file("x", "y"),
        "1099511627776 bytes");
    byte[] old = new LayerFile().header("x", 'S', "", 0).bytes();
    System.arraycopy(LayerFile.bytes("20000000000000"), 0, old, 483, 12);
    assertRefused(new LayerFile().block(Arrays.copyOf(old, 512)), "bytes, more than");
  }

  @Test
  void sparseMapsThatContradictThemselvesAreRefused() throws Exception {
    for (String map : List.of("0,5,3,5", "99,2", "1", "0,1,x,1", "0,-1", "90,20")) {
      assertRefused(
          new LayerFile().pax("GNU.sparse.map", map).pax("GNU.sparse.size", "100").file("x", "y"),
          "\"x\"");
    }
    assertRefused(
        new LayerFile()
            .pax("GNU.sparse.major", "1")
            .pax("GNU.sparse.minor", "0")
            .pax("GNU.sparse.realsize", "10")
            .file("x", "99999999\n"),
        "map of");
  }

  @Test
  void theLimitsOfEntriesBytesNamesAndMemoryHold() throws Exception {
    LayerFile many = new LayerFile();
    for (int i = 0; i < 30; i++) {
      many.file("f" + i, "");
    }
    assertRefused(many, "more than 20 entries");
    assertRefused(new LayerFile().file("a/".repeat(21) + "x", ""), "more than 20 entries");
    assertRefused(new LayerFile().file("n".repeat(255), ""), "name of 255 bytes");
    assertRefused(new LayerFile().file(("n".repeat(200) + "/").repeat(2), ""), "path of 402 bytes");
    assertRefused(
        new LayerFile().file("x", new byte[600_000]).file("y", new byte[600_000]), "larger than");
    LayerFile attributes = new LayerFile();
    for (int i = 0; i < 4; i++) {
      attributes.pax("SCHILY.xattr.user.a", "v".repeat(3_000)).file("f" + i, "");
    }
    assertRefused(attributes, "names and attributes", "more than 10000");
    Layer layer = new LayerFile().layer(directory.resolve("empty"));
    assertThatThrownBy(() -> LayeredTree.of(List.of(layer, layer, layer, layer), directory, SMALL))
        .hasMessageContaining("4 layers, more than 3");
  }

  @Test
  void aHugeExtendedHeaderIsNotReadIntoMemory() throws Exception {
    assertRefused(
        new LayerFile().header("PaxHeader", 'x', "", 300L << 20), "314572800 bytes, more than");
    assertRefused(new LayerFile().header("././@LongLink", 'L', "", 1L << 62), "more than");
    assertRefused(new LayerFile().header("././@LongLink", 'L', "", -5), "too large");
  }

  @Test
  void aBombIsStoppedAtTheLimitOfWhatItUnpacksTo() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(new LayerFile().file("x", "").bytes());
      gzip.write(new byte[64 << 20]);
    }
    assertThat(out.size()).isLessThan(100_000);
    assertRefused(hostile(out.toByteArray()), "larger than the limit");
  }

  private Layer hostile(byte[] bytes) throws Exception {
    Path file = Files.write(directory.resolve("hostile"), bytes);
    return Layer.ofArchive("archive hostile", file);
  }

  @Test
  void theSameNameAsTwoKindsOfFileIsRefused() throws Exception {
    assertRefused(
        new LayerFile().file("x", "").symbolicLink("x", "/etc"), "twice", "a symbolic link");
    assertRefused(new LayerFile().file("d/x", "").file("d", ""), "twice", "a directory");
    assertRefused(new LayerFile().symbolicLink("/", "/etc"), "root of the system");
  }

  @Test
  void brokenWhiteoutsAreRefused() throws Exception {
    assertRefused(new LayerFile().file("d/.wh.", ""), "marks nothing");
    assertRefused(new LayerFile().file(".wh..", ""), "marks nothing");
    assertRefused(new LayerFile().file(".wh...", ""), "marks nothing");
    assertRefused(new LayerFile().file(".wh.d/x", ""), "below the mark");
  }

  @Test
  void anArchiveCutAnywhereIsRefused() throws Exception {
    byte[] whole = new LayerFile().file("a", "x".repeat(700)).directory("d").bytes();
    for (int length = 0; length < whole.length - 1024; length += 64) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertRefused(hostile(cut), length < 512 ? "no tar archive" : "cut off");
      Path file = Files.write(directory.resolve("hostile"), cut);
      assertRefused(Layer.ofImage("layer hostile", file, Sha256.of(whole)), "layer hostile");
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(whole);
    }
    for (int length = 2; length < out.size(); length += 7) {
      assertRefused(hostile(Arrays.copyOf(out.toByteArray(), length)), "archive hostile");
    }
  }

  @Test
  void aLayerWithAnotherDigestIsRefused() throws Exception {
    Path file = Files.write(directory.resolve("x"), new LayerFile().file("a", "1").bytes());
    assertRefused(
        Layer.ofImage("layer 2 (hostile)", file, Sha256.of(new byte[1])),
        "unpacks to sha256:",
        "configuration says " + Sha256.of(new byte[1]));
  }

  @Test
  void junkIsRefusedAndNeverMakesAnythingElseHappen() throws Exception {
    Random random = new Random(4);
    byte[] seed =
        new LayerFile()
            .pax("SCHILY.xattr.user.a", "b")
            .file("etc/b", "c")
            .hardLink("h", "etc/b")
            .symbolicLink("s", "etc")
            .pax("GNU.sparse.map", "0,1")
            .pax("GNU.sparse.size", "1")
            .file("sp", "y")
            .bytes();
    Path spool = Files.createDirectories(directory.resolve("spool"));
    int taken = 0;
    for (int round = 0; round < 3_000; round++) {
      byte[] junk = seed.clone();
      int at = 512 * random.nextInt(junk.length / 512);
      for (int i = 0; i < 1 + random.nextInt(3); i++) {
        junk[at + random.nextInt(512)] = (byte) random.nextInt(256);
      }
      // With a right checksum, so that the fields are read; contents become headers as well.
      byte[] block = Arrays.copyOfRange(junk, at, at + 512);
      byte[] fixed = new LayerFile().block(block).bytes();
      System.arraycopy(fixed, 0, junk, at, 512);
      try (LayeredTree tree = LayeredTree.of(List.of(hostile(junk)), spool, SMALL)) {
        taken++;
        tree.list("/");
      } catch (TreeRefusedException e) {
        assertThat(e).hasMessageContaining("hostile");
      }
      assertThat(spool).isEmptyDirectory();
    }
    assertThat(taken).isBetween(100, 2_900);
  }

  @Test
  void ownersAndTargetsLinuxDoesNotHaveAreRefused() throws Exception {
    assertRefused(new LayerFile().pax("uid", "4294967295").file("x", ""), "owner 4294967295");
    assertRefused(new LayerFile().pax("gid", "99999999999").file("x", ""), "group");
    assertRefused(new LayerFile().symbolicLink("x", ""), "target has 0 bytes");
    assertRefused(new LayerFile().entry("x", 'M', "", new byte[0]), "unknown type \"M\"");
    assertRefused(new LayerFile().entry("g", 'g', "", LayerFile.bytes("9 uid=12\n")), "global");
  }

  @Test
  void aNameForATerminalIsPrintedHarmlessly() throws Exception {
    assertRefused(new LayerFile().file("\u001b[2J/..", ""), "\\x1b[2J");
  }
}
