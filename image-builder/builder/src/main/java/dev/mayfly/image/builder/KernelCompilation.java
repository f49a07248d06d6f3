package dev.mayfly.image.builder;

import dev.mayfly.image.builder.Commands.Command;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Compiles an unpacked kernel source with a fragment. Everything that names time, place or person
 * is fixed, so that the same source, fragment and compiler make the same bytes.
 */
final class KernelCompilation {
  /** Measured: 6 minutes with two processors to ourselves; ten times that on a busy machine. */
  static final Duration LIMIT = Duration.ofMinutes(60);

  /** Lowest but for what is idle: nobody waits for it in the foreground. */
  private static final String NICENESS = "15";

  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "ARCH", "x86_64",
          "KBUILD_BUILD_TIMESTAMP", "2024-01-01 00:00:00 UTC",
          "KBUILD_BUILD_USER", "mayfly",
          "KBUILD_BUILD_HOST", "mayfly",
          "KBUILD_BUILD_VERSION", "1");

  private static final int MAX_OUTPUT = 1 << 20;
  private static final int MAX_CONFIGURATION = 8 << 20;

  private final Commands commands;
  private final Path source;

  /**
   * @param source the top of the tree
   */
  KernelCompilation(Commands commands, Path source) {
    this.commands = commands;
    this.source = source;
  }

  /** Merges the fragment into the smallest configuration there is, and checks that it was taken. */
  void configure(KernelFragment fragment) throws BuildException, InterruptedException, IOException {
    Files.write(source.resolve("mayfly.fragment"), fragment.bytes());
    make("tinyconfig");
    run(
        List.of(
            "sh",
            "-c",
            "cd \"$1\" && exec scripts/kconfig/merge_config.sh -m .config mayfly.fragment",
            "sh",
            source.toString()));
    make("olddefconfig");
    List<String> missing = fragment.notGranted(configuration());
    if (!missing.isEmpty()) {
      throw new BuildException(
          "the kernel's configuration does not grant what the fragment asks for: "
              + String.join(", ", missing)
              + "; see what these options depend on, and ask for that or not for them");
    }
  }

  /** As {@code uname -r} will say it. */
  String release() throws BuildException, InterruptedException {
    return make("-s", "kernelrelease").strip();
  }

  /** The whole resulting configuration. */
  String configuration() throws IOException {
    Path file = source.resolve(".config");
    if (Files.size(file) > MAX_CONFIGURATION) {
      throw new IOException(file + " has more than " + MAX_CONFIGURATION + " bytes");
    }
    return Files.readString(file);
  }

  /** Compiles it and writes the kernel without symbols. */
  void compile(Path vmlinux) throws BuildException, InterruptedException, IOException {
    make("-j" + Runtime.getRuntime().availableProcessors(), "vmlinux");
    run(
        List.of(
            "strip",
            "--strip-all",
            "-o",
            vmlinux.toString(),
            source.resolve("vmlinux").toString()));
    Optional<ElfFile> elf;
    try {
      elf = ElfFile.of(Files.readAllBytes(vmlinux));
      if (elf.isEmpty() || !elf.get().hasPvhEntry()) {
        throw new BuildException("the compiled kernel has no PVH entry (CONFIG_PVH)");
      }
    } catch (IllegalArgumentException e) {
      throw new BuildException("the compiled kernel is a broken ELF file", e);
    }
  }

  private String make(String... words) throws BuildException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("make", "-C", source.toString()));
    arguments.addAll(List.of("--no-print-directory"));
    arguments.addAll(List.of(words));
    return run(arguments);
  }

  /** In a session, and so a process group, of its own; its death comes with ours all the same. */
  private String run(List<String> words) throws BuildException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("setsid", "nice", "-n", NICENESS));
    arguments.addAll(words);
    StringBuilder out = new StringBuilder();
    commands.mustRun(
        new Command(arguments, ENVIRONMENT, ""),
        in -> out.append(new String(in.readNBytes(MAX_OUTPUT), StandardCharsets.UTF_8)),
        line -> {},
        LIMIT);
    return out.toString();
  }
}
