package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelPackageTest {
  private static final String RELEASE = "6.1.0-1-cloud-amd64";

  @TempDir Path root;
  private Path modules;

  @BeforeEach
  void unpack() throws IOException {
    modules = root.resolve("lib/modules").resolve(RELEASE);
    Files.createDirectories(modules.resolve("kernel/drivers"));
    Files.createDirectories(root.resolve("boot"));
    Files.writeString(root.resolve("boot/vmlinuz-" + RELEASE), "kernel");
    Files.writeString(
        modules.resolve("modules.builtin"),
        "kernel/fs/ext4/ext4.ko\nkernel/crypto/crc32c-generic.ko\n");
    module("virtio", "license=GPL", "depends=");
    module("virtio_ring", "depends=virtio");
    module("virtio_blk", "depends=virtio_ring,virtio");
    module("virtio-rng", "depends=virtio,virtio_ring");
    module("erofs", "depends=libcrc32c");
    module("libcrc32c", "depends=", "softdep=pre: crc32c_generic helper post: later");
    module("helper", "depends=");
    module("later", "depends=");
  }

  @Test
  void dependenciesGoFirstAndOnlyOnce() throws Exception {
    assertThat(order("virtio_blk", "virtio-rng", "virtio"))
        .containsExactly("virtio", "virtio_ring", "virtio_blk", "virtio_rng");
  }

  @Test
  void theOrderOfTheRecipeIsKeptWhereNothingDependsOnIt() throws Exception {
    assertThat(order("later", "virtio", "helper")).containsExactly("later", "virtio", "helper");
  }

  @Test
  void whatIsBuiltInIsSkippedAndSoftDependenciesGoFirst() throws Exception {
    assertThat(order("ext4", "crc32c_generic", "erofs"))
        .containsExactly("helper", "libcrc32c", "erofs");
  }

  @Test
  void aModuleThatIsNowhereIsNamed() {
    assertThatThrownBy(() -> order("virtio_moon"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("virtio_moon");
  }

  @Test
  void aCircleOfModulesIsRefused() throws Exception {
    module("hen", "depends=egg");
    module("egg", "depends=hen");

    assertThatThrownBy(() -> order("hen"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("hen, egg");
  }

  @Test
  void aModuleThatIsNoModuleIsNamed() throws Exception {
    Files.writeString(modules.resolve("kernel/drivers/text.ko"), "text");

    assertThatThrownBy(() -> order("text"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("text.ko");
  }

  @Test
  void aPackageWithoutKernelIsRefused() throws Exception {
    Files.delete(root.resolve("boot/vmlinuz-" + RELEASE));

    assertThatThrownBy(() -> KernelPackage.unpacked(root)).isInstanceOf(BuildException.class);
  }

  private List<String> order(String... wanted) throws Exception {
    return KernelModules.read(root, RELEASE).loadOrder(List.of(wanted)).stream()
        .map(KernelModules::nameOf)
        .toList();
  }

  private void module(String name, String... entries) throws IOException {
    Files.write(modules.resolve("kernel/drivers/" + name + ".ko"), SampleElf.module(entries));
  }
}
