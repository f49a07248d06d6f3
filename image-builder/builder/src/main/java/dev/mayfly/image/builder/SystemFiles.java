package dev.mayfly.image.builder;

import dev.mayfly.image.tree.Layer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The files of a system, in the form in which its source had them. */
sealed interface SystemFiles {

  /**
   * Archives from anybody, lowest first; nothing in them is trusted.
   *
   * @param layers at least one
   */
  record Layers(List<Layer> layers) implements SystemFiles {
    public Layers {
      layers = List.copyOf(layers);
      if (layers.isEmpty()) {
        throw new IllegalArgumentException("a system without a layer");
      }
    }
  }

  /**
   * One plain archive this program has made itself, with whatever order and names GNU tar takes.
   *
   * @param exclusions patterns of GNU tar, anchored, as {@code ./var/log/*}
   */
  record TarArchive(Path archive, List<String> exclusions) implements SystemFiles {
    public TarArchive {
      exclusions = List.copyOf(exclusions);
    }
  }

  /**
   * A file system that is used as it is.
   *
   * @param fileSystem as the guest mounts it, for example {@code ext4}
   */
  record FileSystemImage(Path image, String fileSystem) implements SystemFiles {}

  /**
   * A system that lives in its initramfs and brings its own kernel; our agent is added to it.
   *
   * @param kernel ELF with a PVH entry
   * @param initramfs cpio archives as the kernel takes them
   */
  record InitramfsSystem(Path kernel, Path initramfs) implements SystemFiles {}

  /**
   * A system without our agent.
   *
   * @param kernel ELF with a PVH entry
   */
  record ConsoleSystem(Path kernel, Optional<Path> initramfs, Optional<FileSystemImage> disk)
      implements SystemFiles {}
}
