package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModulePackTest {
  private static final String RELEASE = "6.1.0-1-cloud-amd64";
  private static final String DIRECTORY = "lib/modules/" + RELEASE + "/kernel/";

  @TempDir Path root;

  @BeforeEach
  void unpack() throws IOException {
    Files.createDirectories(root.resolve(DIRECTORY));
    Files.writeString(
        root.resolve("lib/modules").resolve(RELEASE).resolve("modules.builtin"),
        "kernel/fs/ext4/ext4.ko\n");
    module("virtio", "depends=");
    module("nf_tables", "depends=nfnetlink,virtio", "alias=nfnetlink-subsys-10");
    module("nfnetlink", "depends=", "alias=net-pf-16-proto-12");
    module("nft_masq", "depends=nf_tables", "alias=nft-expr-masq", "alias=nft-expr-2-masq");
    module("nft_ct", "depends=nf_tables");
    module("loop", "depends=", "alias=block-major-7-*", "alias=devname:loop-control");
    module("tun", "depends=", "alias=pci:v*d*", "alias=cpu:type:x86,ven*", "alias=with space");
  }

  @Test
  void dependenciesComeBeforeWhoNeedsThemAndAreNamedByTheirLines() throws Exception {
    List<String> lines = index(pack("nft_masq"));

    assertThat(lines).hasSize(3);
    assertThat(lines.get(0)).endsWith(" - nfnetlink net_pf_16_proto_12");
    assertThat(lines.get(1)).endsWith(" 0 nf_tables nfnetlink_subsys_10");
    assertThat(lines.get(2)).endsWith(" 0,1 nft_masq nft_expr_masq nft_expr_2_masq");
  }

  @Test
  void whatIsLoadedAtBootIsNeitherPackedNorNamed() throws Exception {
    assertThat(index(pack("nf_tables", "virtio"))).noneMatch(line -> line.contains("virtio"));
  }

  @Test
  void aPatternTakesAllItMatches() throws Exception {
    assertThat(index(pack("nft_*"))).hasSize(4);
  }

  @Test
  void onlyNamesTheKernelAsksByAreKept() throws Exception {
    List<String> lines = index(pack("tun", "loop"));

    assertThat(lines.get(0)).endsWith(" loop block_major_7_*");
    assertThat(lines.get(1)).endsWith(" - tun char_major_10_200");
  }

  @Test
  void aModuleComesBackAsItWas() throws Exception {
    byte[] pack = pack("nft_masq");
    String[] last = index(pack).getLast().split(" ");
    int data =
        new String(pack, US_ASCII).indexOf("nft_expr_2_masq\n") + "nft_expr_2_masq\n".length();
    int offset = data + Integer.parseInt(last[0]);
    byte[] block = Arrays.copyOfRange(pack, offset, offset + Integer.parseInt(last[1]));

    byte[] module;
    try (BlockLZ4CompressorInputStream in =
        new BlockLZ4CompressorInputStream(new ByteArrayInputStream(block))) {
      module = in.readAllBytes();
    }
    assertThat(module).hasSize(Integer.parseInt(last[2]));
    assertThat(module).isEqualTo(Files.readAllBytes(root.resolve(DIRECTORY + "nft_masq.ko")));
    assertThat(offset + block.length).isEqualTo(pack.length);
  }

  @Test
  void whatIsBuiltInNeedsNoModuleAndWhatIsNowhereIsNamed() throws Exception {
    assertThat(index(pack("ext4"))).isEmpty();
    assertThatThrownBy(() -> pack("xfs"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("xfs");
  }

  @Test
  void theSamePackageMakesTheSamePack() throws Exception {
    assertThat(pack("nft_*", "loop")).isEqualTo(pack("loop", "nft_*"));
  }

  private byte[] pack(String... patterns) throws Exception {
    return ModulePack.of(
        KernelModules.read(root, RELEASE),
        List.of(DIRECTORY + "virtio.ko"),
        List.of(patterns),
        Map.of("tun", List.of("char-major-10-200")));
  }

  /** Its lines without the title. */
  private static List<String> index(byte[] pack) {
    String[] lines = new String(pack, US_ASCII).split("\n");
    int count = Integer.parseInt(lines[0].split(" ")[1]);
    return List.of(lines).subList(1, 1 + count);
  }

  private void module(String name, String... entries) throws IOException {
    Files.write(root.resolve(DIRECTORY + name + ".ko"), SampleElf.module(entries));
  }
}
