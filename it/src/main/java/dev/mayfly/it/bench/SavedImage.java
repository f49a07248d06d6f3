package dev.mayfly.it.bench;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.it.fleet.DirectoryTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What {@code docker save} would write of a tree of Debian packages: one layer, uncompressed. */
final class SavedImage {
  private SavedImage() {}

  /** Takes the files of a bundle's root file system out of it, with their owners and modes. */
  static Path tree(BootBundle bundle, Path directory) throws IOException, InterruptedException {
    BundleManifest.Rootfs rootfs = bundle.manifest().rootfs().orElseThrow();
    if (!rootfs.fileSystem().equals("erofs")) {
      throw new IllegalStateException(bundle.manifest().name() + " has no EROFS to unpack");
    }
    Programs.run("fsck.erofs", "--extract=" + directory, bundle.rootfs().orElseThrow().toString());
    return directory;
  }

  /**
   * Writes the archive.
   *
   * @param tree what its only layer holds
   * @param work removed again
   */
  static Path write(Path tree, Path archive, Path work) throws IOException, InterruptedException {
    Files.createDirectories(work.resolve("layer"));
    Path layer = work.resolve("layer/layer.tar");
    Programs.run(
        "tar",
        "--create",
        "--file=" + layer,
        "--sort=name",
        "--numeric-owner",
        "--directory=" + tree,
        ".");
    Path config = work.resolve("config.json");
    Files.writeString(
        config,
        """
        {"architecture":"amd64","os":"linux","created":"2020-01-01T00:00:00Z","config":{"Env":["PATH=/usr/local/bin:/usr/bin:/bin"],"Cmd":["/bin/sh"]},"rootfs":{"type":"layers","diff_ids":["%s"]},"history":[{"created":"2020-01-01T00:00:00Z"}]}\
        """
            .formatted(Sha256.ofFile(layer)));
    Files.writeString(
        work.resolve("manifest.json"),
        """
        [{"Config":"config.json","RepoTags":["bench:1"],"Layers":["layer/layer.tar"]}]\
        """);
    Programs.run(
        List.of(
            "tar",
            "--create",
            "--file=" + archive,
            "--directory=" + work,
            "manifest.json",
            "config.json",
            "layer/layer.tar"));
    DirectoryTree.remove(work);
    return archive;
  }
}
