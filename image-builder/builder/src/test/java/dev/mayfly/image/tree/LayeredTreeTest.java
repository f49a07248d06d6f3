package dev.mayfly.image.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class LayeredTreeTest {
  @TempDir Path directory;
  private int layers;

  private Layer layer(LayerFile file) {
    return file.layer(directory.resolve(Integer.toString(++layers)));
  }

  private List<String> tree(Layer... ordered) throws Exception {
    return TreeListing.of(directory, ordered);
  }

  @Test
  void namesComeSortedAndParentsFirstWhateverTheOrderInTheLayer() throws Exception {
    Layer layer =
        layer(
            new LayerFile()
                .mode(04755)
                .owner(7, 8)
                .file("usr/bin/su", "S")
                .file("etc/passwd", "P")
                .mode(01777)
                .directory("tmp")
                .mode(0750)
                .directory("./usr/"));

    assertThat(tree(layer))
        .containsExactly(
            "./ 0755 0:0 directory",
            "./etc/ 0755 0:0 directory",
            "./etc/passwd 0644 0:0 \"P\"",
            "./tmp/ 1777 0:0 directory",
            "./usr/ 0750 0:0 directory",
            "./usr/bin/ 0755 0:0 directory",
            "./usr/bin/su 4755 7:8 \"S\"");
  }

  @Test
  void aFileOfALaterLayerReplacesTheOneBelow() throws Exception {
    assertThat(
            tree(
                layer(new LayerFile().file("a", "old").file("b", "stays")),
                layer(new LayerFile().mode(0600).file("a", "new"))))
        .containsExactly("./ 0755 0:0 directory", "./a 0600 0:0 \"new\"", "./b 0644 0:0 \"stays\"");
  }

  @Test
  void aWhiteoutRemovesAFileAndAWholeDirectoryAndNothingWhereNothingIs() throws Exception {
    assertThat(
            tree(
                layer(new LayerFile().file("a", "1").file("d/e/f", "2").file("z", "3")),
                layer(
                    new LayerFile()
                        .file(".wh.a", "")
                        .file(".wh.d", "")
                        .file(".wh.absent", "")
                        .file("nowhere/.wh.absent", ""))))
        .containsExactly("./ 0755 0:0 directory", "./z 0644 0:0 \"3\"");
  }

  @Test
  void aWhiteoutDoesNotTouchItsOwnLayerWhereverItStands() throws Exception {
    Layer below = layer(new LayerFile().file("d/old", "1").file("f", "1"));
    assertThat(
            tree(
                below,
                layer(
                    new LayerFile()
                        .directory("d")
                        .file("d/new", "2")
                        .file("f", "2")
                        .file(".wh.d", "")
                        .file(".wh.f", ""))))
        .containsExactly(
            "./ 0755 0:0 directory",
            "./d/ 0755 0:0 directory",
            "./d/new 0644 0:0 \"2\"",
            "./f 0644 0:0 \"2\"");
  }

  @Test
  void anOpaqueDirectoryHidesWhatLowerLayersHadInIt() throws Exception {
    Layer below = layer(new LayerFile().file("d/old", "1").file("d/sub/old", "1"));
    List<String> expected =
        List.of(
            "./ 0755 0:0 directory",
            "./d/ 0700 0:0 directory",
            "./d/new 0644 0:0 \"2\"",
            "./d/sub/ 0755 0:0 directory",
            "./d/sub/new 0644 0:0 \"2\"");

    assertThat(
            tree(
                below,
                layer(
                    new LayerFile()
                        .mode(0700)
                        .directory("d")
                        .file("d/.wh..wh..opq", "")
                        .file("d/new", "2")
                        .file("d/sub/new", "2"))))
        .isEqualTo(expected);
    assertThat(
            tree(
                below,
                layer(
                    new LayerFile()
                        .mode(0700)
                        .directory("d")
                        .file("d/new", "2")
                        .file("d/sub/new", "2")
                        .file("d/.wh..wh..opq", ""))))
        .isEqualTo(expected);
  }

  @Test
  void anOpaqueRootHidesEverything() throws Exception {
    assertThat(
            tree(
                layer(new LayerFile().file("a", "1")),
                layer(new LayerFile().file(".wh..wh..opq", "").file("b", "2"))))
        .containsExactly("./ 0755 0:0 directory", "./b 0644 0:0 \"2\"");
  }

  @Test
  void kindsReplaceEachOther() throws Exception {
    assertThat(
            tree(
                layer(
                    new LayerFile()
                        .file("dir-to-file/x", "1")
                        .file("file-to-dir", "1")
                        .file("dir-to-link/x", "1")
                        .directory("elsewhere")
                        .symbolicLink("link-to-dir", "elsewhere")),
                layer(
                    new LayerFile()
                        .file("dir-to-file", "2")
                        .directory("file-to-dir")
                        .file("file-to-dir/x", "2")
                        .symbolicLink("dir-to-link", "/elsewhere")
                        .directory("link-to-dir")
                        .file("link-to-dir/x", "2"))))
        .containsExactly(
            "./ 0755 0:0 directory",
            "./dir-to-file 0644 0:0 \"2\"",
            "./dir-to-link -> /elsewhere",
            "./elsewhere/ 0755 0:0 directory",
            "./file-to-dir/ 0755 0:0 directory",
            "./file-to-dir/x 0644 0:0 \"2\"",
            "./link-to-dir/ 0755 0:0 directory",
            "./link-to-dir/x 0644 0:0 \"2\"");
  }

  @Test
  void aFileBelowALinkedDirectoryGoesWhereTheLinkLeads() throws Exception {
    assertThat(
            tree(
                layer(
                    new LayerFile()
                        .directory("usr/lib")
                        .symbolicLink("lib", "usr/lib")
                        .symbolicLink("out", "../../../../usr")
                        .symbolicLink("absolute", "/usr/./lib/")),
                layer(
                    new LayerFile()
                        .file("lib/a", "1")
                        .file("out/b", "2")
                        .file("absolute/c", "3")
                        .file("out/.wh.absent", ""))))
        .containsExactly(
            "./ 0755 0:0 directory",
            "./absolute -> /usr/./lib/",
            "./lib -> usr/lib",
            "./out -> ../../../../usr",
            "./usr/ 0755 0:0 directory",
            "./usr/b 0644 0:0 \"2\"",
            "./usr/lib/ 0755 0:0 directory",
            "./usr/lib/a 0644 0:0 \"1\"",
            "./usr/lib/c 0644 0:0 \"3\"");
  }

  @Test
  void linksToNowhereAreKept() throws Exception {
    assertThat(
            tree(
                layer(
                    new LayerFile()
                        .symbolicLink("self", "self")
                        .symbolicLink("gone", "/not/there")
                        .symbolicLink("up", "../../etc/shadow"))))
        .containsExactly(
            "./ 0755 0:0 directory",
            "./gone -> /not/there",
            "./self -> self",
            "./up -> ../../etc/shadow");
  }

  @Test
  void hardLinksReachAcrossLayersAndOutliveTheirFirstName() throws Exception {
    Layer first = layer(new LayerFile().file("b/one", "1").hardLink("b/two", "b/one"));
    Layer second = layer(new LayerFile().hardLink("a-third", "./b/two"));

    assertThat(tree(first, second))
        .containsExactly(
            "./ 0755 0:0 directory",
            "./a-third 0644 0:0 \"1\"",
            "./b/ 0755 0:0 directory",
            "./b/one = ./a-third",
            "./b/two = ./a-third");
    assertThat(tree(first, second, layer(new LayerFile().file("b/.wh.one", ""))))
        .containsExactly(
            "./ 0755 0:0 directory",
            "./a-third 0644 0:0 \"1\"",
            "./b/ 0755 0:0 directory",
            "./b/two = ./a-third");
    // One name gets another file; the others keep theirs.
    assertThat(tree(first, second, layer(new LayerFile().file("b/two", "2"))))
        .contains("./b/one = ./a-third", "./b/two 0644 0:0 \"2\"");
  }

  @Test
  void absoluteNamesAreTakenFromTheRootAndRepeatedOnesFromTheLast() throws Exception {
    assertThat(
            tree(
                layer(
                    new LayerFile()
                        .file("/etc/a", "1")
                        .file("//etc/./a", "2")
                        .directory("etc")
                        .mode(0700)
                        .directory("etc"))))
        .containsExactly(
            "./ 0755 0:0 directory", "./etc/ 0700 0:0 directory", "./etc/a 0644 0:0 \"2\"");
  }

  @Test
  void anArchiveThatIsNoLayerMayHaveNamesLikeWhiteouts() throws Exception {
    Layer archive =
        new LayerFile().file("a", "1").file(".wh.a", "2").archive(directory.resolve("plain"));

    assertThat(tree(archive))
        .containsExactly("./ 0755 0:0 directory", "./.wh.a 0644 0:0 \"2\"", "./a 0644 0:0 \"1\"");
  }

  @Test
  void harmlessDevicesAndPipesSurvive() throws Exception {
    assertThat(
            tree(
                layer(
                    new LayerFile()
                        .mode(0666)
                        .characterDevice("dev/null", 1, 3)
                        .characterDevice("dev/net/tun", 10, 200)
                        .pipe("run/pipe"))))
        .contains(
            "./dev/null 0666 0:0 device 1:3",
            "./dev/net/tun 0644 0:0 device 10:200",
            "./run/pipe 0644 0:0 pipe");
  }

  @Test
  void longAndOddNamesSurviveByteByByte() throws Exception {
    String longName = "n".repeat(253) + "\u00ff";
    String deep = "d".repeat(200) + "/" + longName;
    Layer layer =
        layer(
            new LayerFile()
                .file("with space", "1")
                .file("line\nfeed", "2")
                .file("\u00c3\u00a4 and \u00ff", "3")
                .file(deep, "4")
                .symbolicLink("long", "t".repeat(4000)));

    assertThat(tree(layer))
        .contains(
            "./with space 0644 0:0 \"1\"",
            "./line\nfeed 0644 0:0 \"2\"",
            "./\u00c3\u00a4 and \u00ff 0644 0:0 \"3\"",
            "./" + deep + " 0644 0:0 \"4\"",
            "./long -> " + "t".repeat(4000));
  }

  @Test
  void everyCompressionGivesTheSameTree() throws Exception {
    byte[] plain = new LayerFile().file("a", "x".repeat(100_000)).file("b", "y").bytes();
    Layer reference = layer(new LayerFile().file("a", "x".repeat(100_000)).file("b", "y"));
    List<String> expected = tree(reference);

    assertThat(tree(compressed("gzip", plain, GZIPOutputStream::new))).isEqualTo(expected);
    assertThat(tree(compressed("zstd", plain, ZstdOutputStream::new))).isEqualTo(expected);
    assertThat(tree(compressed("xz", plain, out -> new XZOutputStream(out, new LZMA2Options(0)))))
        .isEqualTo(expected);
  }

  private Layer compressed(String name, byte[] plain, Wrapper wrapper) throws IOException {
    Path file = directory.resolve(name);
    try (OutputStream out = wrapper.wrap(Files.newOutputStream(file))) {
      out.write(plain);
    }
    return Layer.ofImage(name, file, Sha256.of(plain));
  }

  private interface Wrapper {
    OutputStream wrap(OutputStream out) throws IOException;
  }

  @Test
  void theSameTreeMakesTheSameBytesInWhateverLayersItCame() throws Exception {
    Path together = directory.resolve("together.tar");
    Path apart = directory.resolve("apart.tar");
    write(together, layer(new LayerFile().file("a", "1").directory("d").file("d/b", "2")));
    write(
        apart,
        layer(new LayerFile().directory("d").file("d/b", "0").file("c", "3")),
        layer(new LayerFile().file("d/b", "2").file(".wh.c", "").file("a", "1")));

    assertThat(together).hasSameBinaryContentAs(apart);
  }

  private void write(Path archive, Layer... ordered) throws Exception {
    Path spool = Files.createTempDirectory(directory, "spool");
    try (LayeredTree tree = LayeredTree.of(List.of(ordered), spool)) {
      assertThat(tree.writeTo(archive)).isEqualTo(1_700_000_000);
    }
    assertThat(spool).isEmptyDirectory();
  }

  @Test
  void filesCanBeLookedAtThroughTheirLinks() throws Exception {
    Layer layer =
        layer(
            new LayerFile()
                .file("usr/lib/dpkg/status", "Package: x")
                .symbolicLink("var", "/usr")
                .file("usr/lib/os-release", "ID=x")
                .symbolicLink("etc/os-release", "../../../usr/lib/os-release")
                .symbolicLink("circle", "circle"));
    Path spool = Files.createTempDirectory(directory, "spool");
    try (LayeredTree tree = LayeredTree.of(List.of(layer), spool)) {
      assertThat(tree.read("/var/lib/dpkg/status", 100)).hasValue(LayerFile.bytes("Package: x"));
      assertThat(tree.read("etc/os-release", 100)).hasValue(LayerFile.bytes("ID=x"));
      assertThat(tree.read("circle", 100)).isEmpty();
      assertThat(tree.read("usr", 100)).isEmpty();
      assertThat(tree.read("usr/none", 100)).isEmpty();
      assertThat(tree.list("var/lib")).containsExactly("dpkg", "os-release");
      assertThat(tree.list("etc/os-release")).isEmpty();
      assertThatThrownBy(() -> tree.read("etc/os-release", 3))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("4 bytes, more than 3");
    }
  }
}
