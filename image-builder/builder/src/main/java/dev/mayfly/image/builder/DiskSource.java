package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.bundle.BundleManifest.Defaults;
import dev.mayfly.image.bundle.BundleManifest.Source;
import dev.mayfly.image.disk.DiskRefusedException;
import dev.mayfly.image.disk.Partition;
import dev.mayfly.image.disk.PartitionTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The root file system of a system that was installed on a disk; the guest mounts it as it is. */
record DiskSource(Path file) implements BuildSource {
  private static final String FILE_SYSTEM = "ext4";

  @Override
  public Source identify() throws BuildException, IOException {
    return new Source("disk", file.getFileName() + "", LocalFile.digest(file));
  }

  @Override
  public SourceContents fetch(BuildRoom room)
      throws BuildException, InterruptedException, IOException {
    Source source = identify();
    DiskImage disk = new DiskImage(room);
    Path raw = room.work().resolve("disk.raw");
    room.steps().run("disk", () -> disk.toRaw(file, raw));
    Path root = room.work().resolve("root.ext4");
    room.steps().run("root partition", () -> cutRoot(disk, raw, root));
    Files.delete(raw);
    room.steps()
        .run(
            "shrinking",
            () -> {
              disk.shrink(root);
              return root;
            });
    return new SourceContents(
        new SystemFiles.FileSystemImage(root, FILE_SYSTEM),
        "x86_64",
        Defaults.none(),
        source,
        0,
        true,
        PackageRecord.none());
  }

  private Partition cutRoot(DiskImage disk, Path raw, Path root)
      throws BuildException, InterruptedException, IOException {
    try {
      for (Partition partition : PartitionTable.roots(PartitionTable.read(raw))) {
        Files.deleteIfExists(root);
        DiskImage.cut(raw, partition, root);
        if (disk.isRoot(root)) {
          return partition;
        }
      }
    } catch (DiskRefusedException e) {
      throw new BuildException(Blame.USER, file.getFileName() + ": " + e.getMessage(), e);
    }
    throw new BuildException(
        Blame.USER,
        file.getFileName()
            + ": no ext4 file system of the disk has /etc and /usr or /bin; give a disk with a system on it");
  }
}
