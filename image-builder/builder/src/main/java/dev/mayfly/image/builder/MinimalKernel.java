package dev.mayfly.image.builder;

import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Builds our own kernel from the distribution's source and the fragment, into the cache. */
final class MinimalKernel {
  static final String FLAVOUR = "mayfly-minimal";

  /** Where the fragment's suites and this name change, the fragment's comments should, too. */
  private static final String SOURCE_PACKAGE = "linux-source-6.1";

  static final List<String> SUITES = List.of("bookworm", "bookworm-updates", "bookworm-security");
  static final String COMPONENT = "main";

  /** Raised when the same inputs make other files here. */
  private static final int LAYOUT = 1;

  /** Measured: 136 MiB package, 1.4 GiB of source, as much again when compiled, and room. */
  private static final long NEEDED_MIB = 3500;

  private static final String CONFIGURATION = "config";

  private final KernelCache cache;
  private final KernelFragment fragment;
  private final Commands commands;
  private final Progress progress;

  MinimalKernel(KernelCache cache, KernelFragment fragment, Commands commands, Progress progress) {
    this.cache = cache;
    this.fragment = fragment;
    this.commands = commands;
    this.progress = progress;
  }

  /** Takes the newest source, and builds it unless this very build is in the cache. */
  GuestKernel build(List<AptSources.Entry> sources)
      throws BuildException, InterruptedException, IOException {
    KernelToolchain toolchain = new KernelToolchain(commands);
    toolchain.require();
    Tool.require(commands.path(), List.of(Tool.APT, Tool.DPKG_DEB, Tool.TAR));
    progress.noted("asking the package mirror for the newest " + SOURCE_PACKAGE);
    AptDirectory apt =
        AptDirectory.open(cache.directory().resolve("apt-minimal"), commands, sources);
    apt.update();
    AptDirectory.Candidate source = apt.candidate(SOURCE_PACKAGE);
    String compiler = toolchain.version();
    Sha256 digest = digest(source, fragment.sha256(), compiler);
    Optional<GuestKernel> present = cache.find(digest);
    if (present.isPresent()) {
      cache.pointTo(digest, key());
      return present.get();
    }
    BuildSpace.require(cache.directory(), NEEDED_MIB << 20);
    try (WorkDirectory work = WorkDirectory.open(cache.directory().resolve("work-minimal"))) {
      step("kernel source", () -> unpack(apt, source, work));
      KernelCompilation compilation = new KernelCompilation(commands, work.resolve("source"));
      step("kernel configuration", () -> compilation.configure(fragment));
      Path staged = Files.createDirectory(work.resolve("kernel"));
      step("kernel", () -> compilation.compile(staged.resolve(GuestKernel.VMLINUX)));
      Files.writeString(staged.resolve(CONFIGURATION), compilation.configuration());
      return cache.publish(
          staged,
          digest,
          key(),
          new KernelCache.Description(
              FLAVOUR,
              compilation.release(),
              false,
              List.of(),
              List.of(source.source(), "mayfly-kernel-compiler=" + compiler, input())));
    }
  }

  /** Names the fragment's newest kernel in the cache. */
  Sha256 key() {
    return Sha256.of(
        ("minimal " + LAYOUT + " " + fragment.sha256()).getBytes(StandardCharsets.UTF_8));
  }

  /** Names the fragment among a bundle's inputs, so that a new one makes a new bundle. */
  String input() {
    return "mayfly-kernel-definition=" + key().hex().substring(0, 16);
  }

  /** Names one build: everything that decides about its bytes. */
  static Sha256 digest(AptDirectory.Candidate source, Sha256 fragment, String compiler) {
    String text =
        String.join(
            "\n",
            "minimal " + LAYOUT,
            source.source(),
            source.sha256(),
            fragment.toString(),
            compiler,
            "");
    return Sha256.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private void unpack(AptDirectory apt, AptDirectory.Candidate source, WorkDirectory work)
      throws BuildException, InterruptedException, IOException {
    progress.noted("fetching " + source.source());
    Path directory = Files.createDirectory(work.resolve("package"));
    Path file = apt.download(source, directory);
    Path root = Files.createDirectory(work.resolve("unpacked"));
    run(List.of(Tool.DPKG_DEB.program(), "--extract", file.toString(), root.toString()));
    Files.delete(file);
    Path archive = archive(root.resolve("usr/src"));
    Path tree = Files.createDirectory(work.resolve("source"));
    run(
        List.of(
            Tool.TAR.program(),
            "--extract",
            "--xz",
            "--file",
            archive.toString(),
            "--directory",
            tree.toString(),
            "--strip-components=1",
            "--no-same-owner"));
    Files.delete(archive);
  }

  private static Path archive(Path directory) throws IOException, BuildException {
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(directory, SOURCE_PACKAGE + ".tar.xz")) {
      for (Path file : files) {
        return file;
      }
    }
    throw new BuildException("the source package holds no " + SOURCE_PACKAGE + ".tar.xz");
  }

  private void run(List<String> arguments) throws BuildException, InterruptedException {
    commands.mustRun(
        new Command(arguments, Map.of(), ""), in -> in.skip(Long.MAX_VALUE), line -> {});
  }

  private void step(String name, Step step)
      throws BuildException, InterruptedException, IOException {
    progress.started(name);
    long start = System.nanoTime();
    step.run();
    progress.finished(name, Duration.ofNanos(System.nanoTime() - start));
  }

  private interface Step {
    void run() throws BuildException, InterruptedException, IOException;
  }
}
