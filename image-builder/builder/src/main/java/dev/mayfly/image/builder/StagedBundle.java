package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.Agent;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleManifest.Guest;
import dev.mayfly.image.bundle.BundleManifest.Initramfs;
import dev.mayfly.image.bundle.BundleManifest.Kernel;
import dev.mayfly.image.bundle.BundleManifest.Provenance;
import dev.mayfly.image.bundle.BundleManifest.Rootfs;
import dev.mayfly.image.bundle.BundleManifest.Sbom;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What will be published, as it grows in its directory. */
final class StagedBundle {
  private static final String KERNEL = "vmlinux";
  private static final String INITRAMFS = "initramfs.cpio.gz";
  private static final String ROOTFS = "rootfs.";
  private static final String SBOM = "sbom.cdx.json";

  private final Path directory;
  private final List<String> inputs = new ArrayList<>();
  private Guest guest = Guest.CONSOLE;
  private Optional<Kernel> kernel = Optional.empty();
  private Optional<Initramfs> initramfs = Optional.empty();
  private Optional<Rootfs> rootfs = Optional.empty();
  private Optional<Sbom> sbom = Optional.empty();

  /**
   * @param directory empty
   */
  StagedBundle(Path directory) {
    this.directory = directory;
  }

  /** A kernel of ours, which starts our agent. */
  void kernel(GuestKernel provided, GuestAgent agent) throws IOException {
    Files.copy(provided.vmlinux(), directory.resolve(KERNEL));
    kernel =
        Optional.of(
            new Kernel(
                file(KERNEL), provided.release(), provided.flavour(), provided.needsAcpi(), ""));
    inputs.addAll(provided.inputs());
    initramfs(provided.initramfs(agent), agent);
  }

  /** A kernel the system brings. */
  void kernel(SystemKernel own, String arguments) throws IOException {
    Files.write(directory.resolve(KERNEL), own.elf());
    kernel =
        Optional.of(
            new Kernel(
                file(KERNEL), own.release(), SystemKernel.FLAVOUR, own.needsAcpi(), arguments));
  }

  /** An initramfs with our agent. */
  void initramfs(byte[] archive, GuestAgent agent) throws IOException {
    Files.write(directory.resolve(INITRAMFS), archive);
    initramfs =
        Optional.of(
            new Initramfs(
                file(INITRAMFS), Optional.of(new Agent(agent.version(), agent.protocolVersion()))));
    guest = Guest.AGENT;
    inputs.add(agent.source());
  }

  /** An initramfs without. */
  void initramfs(Path archive) throws IOException {
    Files.copy(archive, directory.resolve(INITRAMFS));
    initramfs = Optional.of(new Initramfs(file(INITRAMFS), Optional.empty()));
  }

  /** Where a root file system is to be made. */
  Path rootfs(String fileSystem) {
    return directory.resolve(ROOTFS + fileSystem);
  }

  /** Takes what was made there. */
  void takeRootfs(String fileSystem) throws IOException {
    rootfs = Optional.of(new Rootfs(file(ROOTFS + fileSystem), fileSystem));
  }

  void sbom(Optional<byte[]> document) throws IOException {
    if (document.isPresent()) {
      Files.write(directory.resolve(SBOM), document.get());
      sbom = Optional.of(new Sbom(file(SBOM), PackageRecord.FORMAT));
    }
  }

  BootBundle publish(BundleStore store, String name, String builderVersion, SourceContents contents)
      throws IOException, InterruptedException {
    inputs.sort(null);
    BundleManifest manifest =
        new BundleManifest(
            name,
            contents.architecture(),
            guest,
            kernel.orElseThrow(() -> new IllegalStateException("no kernel was staged")),
            initramfs,
            rootfs,
            sbom,
            contents.defaults(),
            new Provenance(contents.source(), builderVersion, inputs, contents.sourceSeconds()));
    BootBundle bundle = store.publish(directory, manifest);
    store.point(name, bundle.digest());
    return bundle;
  }

  private BundleFile file(String name) throws IOException {
    Path file = directory.resolve(name);
    return new BundleFile(name, Sha256.ofFile(file), Files.size(file));
  }
}
