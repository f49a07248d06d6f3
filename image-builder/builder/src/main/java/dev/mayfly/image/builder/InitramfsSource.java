package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.BundleManifest.Source;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A kernel and an initramfs that together are a whole system, such as Tiny Core Linux. */
record InitramfsSource(Path kernel, Path initramfs) implements BuildSource {
  @Override
  public Source identify() throws BuildException, IOException {
    return new Source(
        "system",
        kernel.getFileName() + "," + initramfs.getFileName(),
        LocalFile.digest(List.of(kernel, initramfs)));
  }

  @Override
  public boolean bringsKernel() {
    return true;
  }

  @Override
  public SourceContents fetch(BuildRoom room) throws BuildException, IOException {
    return new SourceContents(
        new SystemFiles.InitramfsSystem(kernel, initramfs),
        "x86_64",
        Defaults.none(),
        identify(),
        0,
        true,
        PackageRecord.none());
  }
}
