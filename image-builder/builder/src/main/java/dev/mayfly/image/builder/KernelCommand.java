package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code image kernel}: the kernels this machine has for its images. */
@Command(
    name = "kernel",
    description = "Builds our minimal kernel, and lists what kernels there are.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {CommandLine.HelpCommand.class})
final class KernelCommand {
  @ParentCommand private @Nullable Main main;
  @Spec private @Nullable CommandSpec spec;

  @Command(
      name = "build",
      description = {
        "Builds our minimal kernel from the distribution's newest source, unless it is there.",
        "It takes minutes, so it goes on in the background; --wait waits for it."
      })
  int build(
      @Option(names = "--wait", description = "Build in the foreground.") boolean wait,
      @Option(names = "--sources", paramLabel = "FILE", description = SOURCES)
          @Nullable Path sources,
      @Option(names = "--home", paramLabel = "DIR", description = Main.HOME) @Nullable Path home)
      throws BuildException, InterruptedException, IOException {
    Path images = main().images(home);
    Files.createDirectories(images);
    Commands commands = new Commands(System.getenv());
    new KernelToolchain(commands).require();
    if (!wait) {
      BackgroundBuild started =
          BackgroundBuild.start(images, commands.path(), Optional.ofNullable(sources));
      out().println("building the minimal kernel in the background, process " + started.pid());
      out().println("  what it says: " + started.log());
      out().println("  when it is there: image kernel ls");
      out().flush();
      return 0;
    }
    AptSources entries =
        sources == null ? AptSources.read(ImageBuilds.ETC_APT) : AptSources.readFile(sources);
    GuestKernel kernel =
        new Kernels(images, commands, entries, new PrintedProgress(out()))
            .provide(KernelChoice.MINIMAL, true);
    out().println(kernel.flavour() + " " + kernel.release() + " is there: " + kernel.directory());
    out().flush();
    return 0;
  }

  @Command(name = "ls", description = "Lists the kernels of this machine.")
  int list(
      @Option(names = "--home", paramLabel = "DIR", description = Main.HOME) @Nullable Path home)
      throws IOException, BuildException {
    Path images = main().images(home);
    PrintWriter out = out();
    out.printf("%-16s %-26s %-12s %8s  %s%n", "FLAVOUR", "RELEASE", "DIGEST", "SIZE", "MADE OF");
    if (Files.isDirectory(images)) {
      KernelCache cache = KernelCache.open(images);
      List<Sha256> newest =
          new Kernels(images, new Commands(System.getenv()), AptSources.none(), Progress.silent())
              .newest();
      for (GuestKernel kernel : cache.list()) {
        String digest = String.valueOf(kernel.directory().getFileName());
        boolean old = newest.stream().noneMatch(each -> each.hex().equals(digest));
        out.printf(
            "%-16s %-26s %-12s %4d MiB  %s%s%n",
            kernel.flavour(),
            kernel.release(),
            digest.substring(0, 12),
            Files.size(kernel.vmlinux()) >> 20,
            kernel.inputs().getFirst(),
            old ? " (old)" : "");
      }
    }
    out.flush();
    return 0;
  }

  private static final String SOURCES =
      "Package sources (.list or .sources) instead of apt's settings.";

  private Main main() {
    if (main == null) {
      throw new IllegalStateException("picocli has not started this command");
    }
    return main;
  }

  private PrintWriter out() {
    if (spec == null) {
      throw new IllegalStateException("picocli has not started this command");
    }
    return spec.commandLine().getOut();
  }
}
