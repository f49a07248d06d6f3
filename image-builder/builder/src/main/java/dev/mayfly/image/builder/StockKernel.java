package dev.mayfly.image.builder;

import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Takes the distribution's kernel out of its package into the cache; needs no root directory. */
final class StockKernel {
  private static final String IMAGE_PACKAGE = "linux-image-";

  /** Raised when the same package and definition make other files here. */
  private static final int LAYOUT = 1;

  private final KernelCache cache;
  private final StockKernelDefinition definition;
  private final byte[] loader;
  private final Commands commands;
  private final Progress progress;

  /**
   * @param loader what loads modules on demand in the guest
   */
  StockKernel(
      KernelCache cache,
      StockKernelDefinition definition,
      byte[] loader,
      Commands commands,
      Progress progress) {
    this.cache = cache;
    this.definition = definition;
    this.loader = loader.clone();
    this.commands = commands;
    this.progress = progress;
  }

  /** Asks the mirror for the newest, and fetches it unless it is in the cache. */
  GuestKernel fetch(List<AptSources.Entry> sources)
      throws BuildException, InterruptedException, IOException {
    Tool.require(commands.path(), List.of(Tool.APT, Tool.DPKG_DEB));
    progress.noted("asking the package mirror for the newest " + definition.metapackage());
    AptDirectory apt = AptDirectory.open(cache.directory().resolve("apt-stock"), commands, sources);
    apt.update();
    AptDirectory.Candidate candidate =
        apt.candidate(apt.dependency(definition.metapackage(), IMAGE_PACKAGE));
    Sha256 digest = digest(candidate);
    Optional<GuestKernel> present = cache.find(digest);
    if (present.isPresent()) {
      cache.pointTo(digest, key());
      return present.get();
    }
    progress.noted("fetching " + candidate.source());
    try (WorkDirectory work = WorkDirectory.open(cache.directory().resolve("work-stock"))) {
      Path file = apt.download(candidate, Files.createDirectory(work.resolve("package")));
      Path root = Files.createDirectory(work.resolve("unpacked"));
      commands.mustRun(
          new Command(
              List.of(Tool.DPKG_DEB.program(), "--extract", file.toString(), root.toString()),
              Map.of(),
              ""),
          in -> in.skip(Long.MAX_VALUE),
          line -> {});
      return publish(work, KernelPackage.unpacked(root), candidate, digest);
    }
  }

  /**
   * Names the definition's newest kernel in the cache; it covers the loader, which goes with it.
   */
  Sha256 key() {
    return Sha256.of(
        ("stock " + LAYOUT + " " + definition.sha256() + " " + Sha256.of(loader))
            .getBytes(StandardCharsets.UTF_8));
  }

  /** Names the definition among a bundle's inputs, so that a new one makes a new bundle. */
  String input() {
    return "mayfly-kernel-definition=" + key().hex().substring(0, 16);
  }

  private Sha256 digest(AptDirectory.Candidate candidate) {
    String text = key() + "\n" + candidate.source() + "\n" + candidate.sha256() + "\n";
    return Sha256.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private GuestKernel publish(
      WorkDirectory work, KernelPackage unpacked, AptDirectory.Candidate candidate, Sha256 digest)
      throws IOException, BuildException {
    Path staged = Files.createDirectory(work.resolve("kernel"));
    Files.write(staged.resolve(GuestKernel.VMLINUX), unpacked.kernel());
    KernelModules all = KernelModules.read(unpacked.root(), unpacked.release());
    List<String> modules = all.loadOrder(definition.modules());
    Path demand = Files.createDirectory(staged.resolve(GuestKernel.DEMAND));
    Files.write(
        demand.resolve("modules.pack"),
        ModulePack.of(all, modules, definition.onDemand(), definition.alsoCalled()));
    Files.write(demand.resolve("modprobe"), loader);
    Files.setPosixFilePermissions(
        demand.resolve("modprobe"), PosixFilePermissions.fromString("rwxr-xr-x"));
    for (String module : modules) {
      Path target = staged.resolve(module);
      Files.createDirectories(target.getParent());
      Files.move(unpacked.root().resolve(module), target);
    }
    return cache.publish(
        staged,
        digest,
        key(),
        new KernelCache.Description(
            definition.flavour(),
            unpacked.release(),
            definition.needsAcpi(),
            modules,
            List.of(candidate.source(), input())));
  }
}
