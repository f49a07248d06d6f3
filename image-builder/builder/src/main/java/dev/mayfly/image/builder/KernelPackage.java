package dev.mayfly.image.builder;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
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
}
