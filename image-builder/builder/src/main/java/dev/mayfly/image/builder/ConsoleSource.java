package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.BundleManifest.Source;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A system without our agent, such as a unikernel. */
record ConsoleSource(Path kernel, Optional<Path> initramfs, Optional<Path> disk)
    implements BuildSource {
  /** The guest gets the disk's bytes; what is on it is its own affair. */
  private static final String RAW = "raw";

  @Override
  public Source identify() throws BuildException, IOException {
    List<Path> files = new ArrayList<>(List.of(kernel));
    initramfs.ifPresent(files::add);
    disk.ifPresent(files::add);
    return new Source(
        "console",
        String.join(",", files.stream().map(file -> file.getFileName() + "").toList()),
        LocalFile.digest(files));
  }

  @Override
  public boolean bringsKernel() {
    return true;
  }

  @Override
  public SourceContents fetch(BuildRoom room)
      throws BuildException, InterruptedException, IOException {
    Source source = identify();
    Optional<SystemFiles.FileSystemImage> image = Optional.empty();
    if (disk.isPresent()) {
      Path raw = room.work().resolve("disk.raw");
      room.steps().run("disk", () -> new DiskImage(room).toRaw(disk.get(), raw));
      image = Optional.of(new SystemFiles.FileSystemImage(raw, RAW));
    }
    return new SourceContents(
        new SystemFiles.ConsoleSystem(kernel, initramfs, image),
        "x86_64",
        Defaults.none(),
        source,
        0,
        true,
        PackageRecord.none());
  }
}
