package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class StockKernelDefinitionTest {
  private static final String TEXT =
      """
      flavour: example
      needs-acpi: no
      package: linux-image-example
      suite: sid
      extra-suites: sid-updates
      component: main
      modules: virtio_ring virtio
      modules: overlay
      modules-on-demand: loop nft_*
      modules-on-demand: tun
      also-called: kvm_amd=char-major-10-232 kvm_intel=char-major-10-232
      """;

  @Test
  void theCarriedOneNamesDebiansCloudKernel() throws Exception {
    StockKernelDefinition stock = StockKernelDefinition.load();

    assertThat(stock.flavour()).isEqualTo("debian-cloud");
    assertThat(stock.needsAcpi()).isTrue();
    assertThat(stock.suites()).startsWith("bookworm").contains("bookworm-security");
    assertThat(stock.modules()).startsWith("virtio_ring", "virtio").contains("overlay", "erofs");
    assertThat(stock.onDemand()).contains("loop", "tun", "fuse", "nft_*", "xt_*", "bridge", "veth");
  }

  @Test
  void theModulesKeepTheirOrder() throws Exception {
    StockKernelDefinition stock = StockKernelDefinition.parse(TEXT.getBytes(UTF_8));

    assertThat(stock.modules()).containsExactly("virtio_ring", "virtio", "overlay");
    assertThat(stock.needsAcpi()).isFalse();
    assertThat(stock.onDemand()).containsExactly("loop", "nft_*", "tun");
    assertThat(stock.alsoCalled()).containsEntry("kvm_amd", java.util.List.of("char-major-10-232"));
  }

  @Test
  void aPackageNameThatIsAnOptionIsRefused() {
    String wrong = TEXT.replace("package: linux-image-example", "package: -oDir=/");

    assertThatThrownBy(() -> StockKernelDefinition.parse(wrong.getBytes(UTF_8)))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("package is not of the form");
  }

  @Test
  void anUnknownKeyIsRefused() {
    assertThatThrownBy(() -> StockKernelDefinition.parse((TEXT + "colour: red\n").getBytes(UTF_8)))
        .hasMessageContaining("unknown key: colour");
  }
}
