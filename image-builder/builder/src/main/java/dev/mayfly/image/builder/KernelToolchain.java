package dev.mayfly.image.builder;

import dev.mayfly.image.builder.Commands.Command;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** What a kernel is compiled with; nothing of it is installed by us. */
final class KernelToolchain {
  /** A program on PATH or a header, and the Debian package that brings it. */
  private static final Map<String, String> NEEDS = new LinkedHashMap<>();

  static {
    NEEDS.put("make", "make");
    NEEDS.put("gcc", "gcc");
    NEEDS.put("ld", "binutils");
    NEEDS.put("strip", "binutils");
    NEEDS.put("flex", "flex");
    NEEDS.put("bison", "bison");
    NEEDS.put("bc", "bc");
    NEEDS.put("xz", "xz-utils");
    NEEDS.put("perl", "perl");
    NEEDS.put("/usr/include/stdio.h", "libc6-dev");
    NEEDS.put("/usr/include/libelf.h", "libelf-dev");
  }

  private static final int MAX_OUTPUT = 64 * 1024;
  private static final Pattern NEW_LINE = Pattern.compile("\n");

  private final Commands commands;

  KernelToolchain(Commands commands) {
    this.commands = commands;
  }

  /** Passes when all is there, else names what is not and how it comes. */
  void require() throws BuildException {
    List<String> missing = missing(Path.of("/"), commands.path());
    if (!missing.isEmpty()) {
      throw new BuildException(
          "the minimal kernel cannot be compiled on this machine, which lacks some of the tools;"
              + " install with: apt-get install --no-install-recommends "
              + String.join(" ", missing));
    }
  }

  /** The packages that are missing, each once. */
  static List<String> missing(Path root, String path) {
    List<String> missing = new ArrayList<>();
    NEEDS.forEach((proof, debianPackage) -> {
      boolean present = proof.startsWith("/") ? isFile(root, proof) : isProgram(root, path, proof);
      if (!present && !missing.contains(debianPackage)) {
        missing.add(debianPackage);
      }
    });
    return missing;
  }

  /** Names what decides about the bytes that are made: the versions of compiler and linker. */
  String version() throws BuildException, InterruptedException {
    return firstLine("gcc") + "; " + firstLine("ld");
  }

  private String firstLine(String program) throws BuildException, InterruptedException {
    StringBuilder out = new StringBuilder();
    commands.mustRun(
        new Command(List.of(program, "--version"), Map.of(), ""),
        in -> out.append(new String(in.readNBytes(MAX_OUTPUT), StandardCharsets.UTF_8)),
        line -> {});
    return NEW_LINE.split(out, 2)[0].strip();
  }

  private static boolean isFile(Path root, String absolute) {
    return Files.isRegularFile(root.resolve(absolute.substring(1)));
  }

  private static boolean isProgram(Path root, String path, String name) {
    for (String directory : path.split(":")) {
      if (directory.startsWith("/")
          && Files.isExecutable(root.resolve(directory.substring(1)).resolve(name))) {
        return true;
      }
    }
    return false;
  }
}
