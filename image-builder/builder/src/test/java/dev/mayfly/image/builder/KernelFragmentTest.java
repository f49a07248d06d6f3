package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelFragmentTest {
  private static final String TEXT =
      """
      # --- a comment
      CONFIG_NET=y
      CONFIG_NR_CPUS=32

      CONFIG_LOCALVERSION="-mayfly"
      # CONFIG_PCI is not set
      """;

  @Test
  void aConfigurationThatGrantsAllIsTaken() throws Exception {
    assertThat(
            notGranted(
                """
                CONFIG_NET=y
                CONFIG_NR_CPUS=32
                CONFIG_LOCALVERSION="-mayfly"
                # CONFIG_PCI is not set
                CONFIG_MORE=y
                """))
        .isEmpty();
  }

  @Test
  void everyRequestThatIsNotGrantedIsNamedWithWhatIsThere() throws Exception {
    assertThat(
            notGranted(
                """
                # CONFIG_NET is not set
                CONFIG_NR_CPUS=8
                CONFIG_LOCALVERSION="-mayfly"
                CONFIG_PCI=y
                """))
        .containsExactly(
            "CONFIG_NET=y (there: n)", "CONFIG_NR_CPUS=32 (there: 8)", "CONFIG_PCI=n (there: y)");
  }

  @Test
  void anOptionTheKernelDoesNotKnowIsNotGranted() throws Exception {
    assertThat(notGranted("CONFIG_NR_CPUS=32\nCONFIG_LOCALVERSION=\"-mayfly\"\n"))
        .containsExactly("CONFIG_NET=y (there: n)");
  }

  @Test
  void aModuleIsNotWhatIsBuiltIn() throws Exception {
    assertThat(notGranted("CONFIG_NET=m\nCONFIG_NR_CPUS=32\nCONFIG_LOCALVERSION=\"-mayfly\"\n"))
        .containsExactly("CONFIG_NET=y (there: m)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CONFIG_NET",
        "NET=y",
        "CONFIG_NET=y\nCONFIG_NET=y",
        "CONFIG_NET=y\n# CONFIG_NET is not set"
      })
  void aLineThatIsNoneOrASecondOneIsRefused(String text) {
    assertThatThrownBy(() -> KernelFragment.parse(text.getBytes(UTF_8)))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("line");
  }

  @Test
  void theCarriedOneAsksForWhatContainersNeed() throws Exception {
    // An empty configuration grants nothing, so this lists what is asked for.
    assertThat(KernelFragment.load().notGranted(""))
        .contains(
            "CONFIG_NF_TABLES=y (there: n)",
            "CONFIG_NFT_COMPAT=y (there: n)",
            "CONFIG_OVERLAY_FS=y (there: n)",
            "CONFIG_BRIDGE_NETFILTER=y (there: n)",
            "CONFIG_VETH=y (there: n)",
            "CONFIG_CGROUP_BPF=y (there: n)",
            "CONFIG_FUSE_FS=y (there: n)",
            "CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y (there: n)");
  }

  private static java.util.List<String> notGranted(String configuration) throws Exception {
    return KernelFragment.parse(TEXT.getBytes(UTF_8)).notGranted(configuration);
  }
}
