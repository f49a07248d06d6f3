package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestKernelTest {
  private static final GuestAgent AGENT = new GuestAgent("agent".getBytes(UTF_8));

  @TempDir Path directory;

  @Test
  void theInitramfsHoldsTheAgentAndTheModulesInLoadOrder() throws Exception {
    module("lib/modules/1/virtio.ko");
    module("lib/modules/1/virtio_blk.ko");

    byte[] initramfs =
        kernel(List.of("lib/modules/1/virtio.ko", "lib/modules/1/virtio_blk.ko")).initramfs(AGENT);

    assertThat(read(initramfs, "init")).isEqualTo("agent");
    assertThat(read(initramfs, "modules.list"))
        .isEqualTo("/lib/modules/1/virtio.ko\n/lib/modules/1/virtio_blk.ko\n");
    assertThat(read(initramfs, "lib/modules/1/virtio.ko")).isEqualTo("lib/modules/1/virtio.ko");
  }

  @Test
  void aKernelWithEverythingBuiltInHasAnEmptyList() throws Exception {
    assertThat(read(kernel(List.of()).initramfs(AGENT), "modules.list")).isEmpty();
  }

  private GuestKernel kernel(List<String> modules) {
    return new GuestKernel(directory, "1", "test", true, modules, List.of());
  }

  private void module(String path) throws IOException {
    Path file = directory.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, path);
  }

  static String read(byte[] initramfs, String name) throws IOException {
    try (CpioArchiveInputStream in =
        new CpioArchiveInputStream(new GZIPInputStream(new ByteArrayInputStream(initramfs)))) {
      for (CpioArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        if (entry.getName().equals(name)) {
          return new String(in.readAllBytes(), UTF_8);
        }
      }
    }
    throw new AssertionError("no " + name + " in the initramfs");
  }
}
