package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The second archive behind a system's own initramfs: our agent, and the modules without which it
 * has no port to speak through. The kernel unpacks both into one tree.
 */
final class AgentArchive {
  /** The agent must not replace the system's own {@code /init}, which may be wanted by a job. */
  static final String ARGUMENTS = "rdinit=/mayfly/init";

  /** In load order; the port first of all. */
  private static final List<String> MODULES =
      List.of(
          "virtio_ring",
          "virtio",
          "virtio_mmio",
          "virtio_console",
          "virtio_blk",
          "failover",
          "net_failover",
          "virtio_net",
          "virtio_rng");

  private static final int MAX_INITRAMFS_BYTES = 1 << 30;

  private final byte[] initramfs;
  private final Path modules;
  private final List<String> order;

  private AgentArchive(byte[] initramfs, Path modules, List<String> order) {
    this.initramfs = initramfs;
    this.modules = modules;
    this.order = List.copyOf(order);
  }

  /**
   * Looks for the modules in the system's own initramfs.
   *
   * @param modules an empty directory for them
   */
  static AgentArchive beside(Path initramfs, Path modules, Steps steps)
      throws BuildException, IOException {
    if (Files.size(initramfs) > MAX_INITRAMFS_BYTES) {
      throw new BuildException(
          Blame.USER,
          "initramfs "
              + initramfs.getFileName()
              + " has more than "
              + MAX_INITRAMFS_BYTES
              + " bytes");
    }
    Optional<String> release = InitramfsModules.extract(initramfs, modules);
    List<String> order = new ArrayList<>();
    if (release.isEmpty()) {
      steps.note("the initramfs holds no kernel modules; virtio must be built into the kernel");
    } else {
      KernelModules known = KernelModules.read(modules, release.get());
      for (String wanted : MODULES) {
        order.addAll(loadOrder(known, wanted, order));
      }
    }
    return new AgentArchive(Files.readAllBytes(initramfs), modules, order);
  }

  /** Nothing where the kernel may have it built in: a module the system lacks is its own affair. */
  private static List<String> loadOrder(KernelModules known, String module, List<String> before)
      throws IOException {
    try {
      return known.loadOrder(List.of(module)).stream()
          .filter(path -> !before.contains(path))
          .toList();
    } catch (BuildException absent) {
      return List.of();
    }
  }

  /** The system's archive as it was, and ours behind it. */
  byte[] appended(GuestAgent agent) throws IOException {
    CpioArchive archive =
        new CpioArchive()
            .directory("dev")
            .directory("proc")
            .directory("sys")
            .file("mayfly/init", 0755, agent.program());
    StringBuilder list = new StringBuilder();
    for (String module : order) {
      String path = "mayfly/" + module;
      list.append('/').append(path).append('\n');
      archive.file(path, 0644, Files.readAllBytes(modules.resolve(module)));
    }
    archive.file("modules.list", 0644, list.toString().getBytes(StandardCharsets.UTF_8));
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(initramfs);
    // The kernel looks for the next archive at a multiple of four, and skips zeros.
    both.writeBytes(new byte[-initramfs.length & 3]);
    both.writeBytes(StoredGzip.wrap(archive.finish()));
    return both.toByteArray();
  }
}
