package dev.mayfly.image.builder;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A kernel that is ready to go into boot bundles; it lies in the cache and does not change.
 *
 * @param directory of the cache: {@code vmlinux} and the modules, by their paths in the guest
 * @param release as {@code uname -r} says it
 * @param flavour whose kernel it is
 * @param needsAcpi it finds virtio devices through ACPI only
 * @param modules loaded at boot, in this order; paths relative to the directory
 * @param inputs {@code package=version} and the like, sorted: what a bundle's provenance says of it
 */
record GuestKernel(
    Path directory,
    String release,
    String flavour,
    boolean needsAcpi,
    List<String> modules,
    List<String> inputs) {
  static final String VMLINUX = "vmlinux";

  /**
   * What the guest's kernel loads modules on demand with; below this directory also in the guest.
   */
  static final String DEMAND = "demand";

  GuestKernel {
    modules = List.copyOf(modules);
    inputs = List.copyOf(inputs);
  }

  /** The ELF kernel with a PVH entry; to be copied, never moved. */
  Path vmlinux() {
    return directory.resolve(VMLINUX);
  }

  /** What the kernel unpacks at boot: agent, modules, and the list that says their order. */
  byte[] initramfs(GuestAgent agent) throws IOException {
    CpioArchive archive =
        new CpioArchive()
            .directory("dev")
            .directory("proc")
            .directory("sys")
            .file("init", 0755, agent.program());
    StringBuilder list = new StringBuilder();
    for (String module : modules) {
      list.append('/').append(module).append('\n');
      archive.file(module, 0644, Files.readAllBytes(directory.resolve(module)));
    }
    for (Path file : onDemand()) {
      boolean program = Files.isExecutable(file);
      archive.file(
          DEMAND + "/" + file.getFileName(), program ? 0755 : 0644, Files.readAllBytes(file));
    }
    archive.file("modules.list", 0644, list.toString().getBytes(StandardCharsets.UTF_8));
    return StoredGzip.wrap(archive.finish());
  }

  private List<Path> onDemand() throws IOException {
    Path demand = directory.resolve(DEMAND);
    if (!Files.isDirectory(demand)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(demand)) {
      return files.sorted().toList();
    }
  }
}
