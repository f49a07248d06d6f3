package dev.mayfly.image.builder;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * An unpacked Debian kernel package.
 *
 * @param root where it was unpacked
 * @param release as {@code uname -r} will say it
 */
record KernelPackage(Path root, String release) {
  private static final String IMAGE_PREFIX = "vmlinuz-";

  static KernelPackage unpacked(Path root) throws IOException, BuildException {
    Optional<String> release = Optional.empty();
    Path boot = root.resolve("boot");
    if (Files.isDirectory(boot)) {
      try (DirectoryStream<Path> images = Files.newDirectoryStream(boot, IMAGE_PREFIX + "*")) {
        for (Path image : images) {
          String name = image.getFileName().toString();
          release = Optional.of(name.substring(IMAGE_PREFIX.length()));
        }
      }
    }
    if (release.isEmpty() || !Files.isDirectory(root.resolve("lib/modules/" + release.get()))) {
      throw new BuildException("the kernel package holds no /boot/vmlinuz-* with its modules");
    }
    return new KernelPackage(root, release.get());
  }

  /** The ELF kernel. */
  byte[] kernel() throws IOException, BuildException {
    return BzImage.kernel(Files.readAllBytes(root.resolve("boot/" + IMAGE_PREFIX + release)));
  }

  /** What the kernel unpacks at boot: agent, modules, and the list that says their order. */
  byte[] initramfs(GuestAgent agent, List<String> wanted) throws IOException, BuildException {
    List<String> modules = KernelModules.read(root, release).loadOrder(wanted);
    CpioArchive archive =
        new CpioArchive()
            .directory("dev")
            .directory("proc")
            .directory("sys")
            .file("init", 0755, agent.program());
    StringBuilder list = new StringBuilder();
    for (String module : modules) {
      list.append('/').append(module).append('\n');
      archive.file(module, 0644, Files.readAllBytes(root.resolve(module)));
    }
    archive.file("modules.list", 0644, list.toString().getBytes(StandardCharsets.UTF_8));
    return StoredGzip.wrap(archive.finish());
  }
}
