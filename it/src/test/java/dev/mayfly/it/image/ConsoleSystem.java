package dev.mayfly.it.image;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.it.scenario.Images;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A system that knows nothing of us: a kernel and busybox, which prints and powers itself off. */
final class ConsoleSystem {
  private final Path kernel;
  private final Path initramfs;

  private ConsoleSystem(Path kernel, Path initramfs) {
    this.kernel = kernel;
    this.initramfs = initramfs;
  }

  /** Writes it beside the images of a machine, with the kernel of debian:12. */
  static ConsoleSystem write(ImageFleet fleet) throws Exception {
    BootBundle debian = BundleStore.open(fleet.images()).find(Images.DEBIAN).orElseThrow();
    Path directory = Files.createDirectory(fleet.directory().resolve("console"));
    Path tree = Files.createDirectories(directory.resolve("tree"));
    Files.createDirectories(tree.resolve("bin"));
    Files.createDirectories(tree.resolve("dev"));
    Files.copy(SavedImages.BUSYBOX, tree.resolve("bin/busybox"));
    Path init = tree.resolve("init");
    Files.writeString(
        init,
        """
        #!/bin/busybox sh
        echo "the console says hello"
        /bin/busybox poweroff -f
        echo "after the end"
        """);
    for (Path program : new Path[] {init, tree.resolve("bin/busybox")}) {
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    Path initramfs = directory.resolve("initramfs.cpio");
    ImageFleet.run(
        "sh",
        "-c",
        "cd '" + tree + "' && find . | /bin/busybox cpio -o -H newc >'" + initramfs + "'");
    return new ConsoleSystem(debian.kernel(), initramfs);
  }

  String source() {
    return "console:" + kernel + "," + initramfs;
  }
}
