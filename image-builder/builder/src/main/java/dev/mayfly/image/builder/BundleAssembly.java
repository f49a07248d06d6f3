package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.builder.RootfsImage.Times;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.tree.FileView;
import dev.mayfly.image.tree.LayeredTree;
import dev.mayfly.image.tree.TreeRefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** One build from a source's files, a kernel and the agent to a published bundle. */
final class BundleAssembly {
  /**
   * Part of every bundle's provenance: raised when this program makes other bytes of the same
   * source, so that images are built anew.
   */
  static final String BUILDER_VERSION = "0.2.0";

  private final BundleStore store;
  private final BuildRoom room;

  BundleAssembly(BundleStore store, BuildRoom room) {
    this.store = store;
    this.room = room;
  }

  /** Provides the kernel of a system that does not bring its own; asked after the fetch. */
  @FunctionalInterface
  interface KernelSource {
    GuestKernel provide(BuildRoom room) throws BuildException, InterruptedException, IOException;
  }

  /** Publishes what the source gives, and points the name to it. */
  BootBundle run(String name, BuildSource source, KernelSource kernels, GuestAgent agent)
      throws BuildException, InterruptedException, IOException {
    SourceContents contents = source.fetch(room);
    StagedBundle staged = new StagedBundle(Files.createDirectory(room.work().resolve("bundle")));
    switch (contents.files()) {
      case SystemFiles.Layers layers -> {
        boot(staged, kernels, agent);
        layers(staged, layers, contents);
      }
      case SystemFiles.TarArchive tar -> {
        boot(staged, kernels, agent);
        rootfs(staged, tar, new Times.Same(contents.sourceSeconds()));
        staged.sbom(contents.packages().sbom(FileView.none()));
      }
      case SystemFiles.FileSystemImage image -> {
        boot(staged, kernels, agent);
        take(staged, image);
        staged.sbom(contents.packages().sbom(FileView.none()));
      }
      case SystemFiles.InitramfsSystem system ->
          room.steps().run("initramfs", () -> withAgent(staged, system, agent));
      case SystemFiles.ConsoleSystem system -> console(staged, system);
    }
    return room.steps()
        .run("publish", () -> staged.publish(store, name, BUILDER_VERSION, contents));
  }

  private void boot(StagedBundle staged, KernelSource kernels, GuestAgent agent)
      throws BuildException, InterruptedException, IOException {
    room.steps()
        .run(
            "initramfs",
            () -> {
              GuestKernel kernel = kernels.provide(room);
              staged.kernel(kernel, agent);
              return kernel;
            });
  }

  private void layers(StagedBundle staged, SystemFiles.Layers layers, SourceContents contents)
      throws BuildException, InterruptedException, IOException {
    Path archive = room.work().resolve("layers.tar");
    long latest =
        room.steps()
            .run(
                "layers",
                () -> {
                  Path spool = Files.createDirectory(room.work().resolve("spool"));
                  try (LayeredTree tree = LayeredTree.of(layers.layers(), spool)) {
                    BuildSpace.require(room.work().path(), 2 * tree.bytes());
                    staged.sbom(contents.packages().sbom(tree));
                    return tree.writeTo(archive);
                  } catch (TreeRefusedException e) {
                    throw new BuildException(Blame.USER, e.getMessage() + "", e);
                  }
                });
    Times times =
        contents.keepTimes()
            ? new Times.Own(Math.max(latest, contents.sourceSeconds()))
            : new Times.Same(contents.sourceSeconds());
    rootfs(staged, new SystemFiles.TarArchive(archive, List.of()), times);
  }

  private void rootfs(StagedBundle staged, SystemFiles.TarArchive tar, Times times)
      throws BuildException, InterruptedException, IOException {
    room.steps()
        .run(
            "root file system",
            () -> {
              Path image = staged.rootfs(RootfsImage.FILE_SYSTEM);
              new RootfsImage(room).make(tar.archive(), tar.exclusions(), times, image);
              staged.takeRootfs(RootfsImage.FILE_SYSTEM);
              return image;
            });
  }

  private static void take(StagedBundle staged, SystemFiles.FileSystemImage image)
      throws IOException {
    Files.move(image.image(), staged.rootfs(image.fileSystem()));
    staged.takeRootfs(image.fileSystem());
  }

  /** The system's own files stay where they are; the kernel starts our agent instead of them. */
  private SystemKernel withAgent(
      StagedBundle staged, SystemFiles.InitramfsSystem system, GuestAgent agent)
      throws BuildException, IOException {
    SystemKernel kernel = SystemKernel.read(system.kernel());
    Path modules = Files.createDirectory(room.work().resolve("modules"));
    AgentArchive archive = AgentArchive.beside(system.initramfs(), modules, room.steps());
    staged.kernel(kernel, AgentArchive.ARGUMENTS);
    staged.initramfs(archive.appended(agent), agent);
    return kernel;
  }

  private static void console(StagedBundle staged, SystemFiles.ConsoleSystem system)
      throws BuildException, IOException {
    staged.kernel(SystemKernel.read(system.kernel()), "");
    if (system.initramfs().isPresent()) {
      staged.initramfs(system.initramfs().get());
    }
    if (system.disk().isPresent()) {
      take(staged, system.disk().get());
    }
  }
}
