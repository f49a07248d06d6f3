package dev.mayfly.image.builder;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A build of the minimal kernel that goes on after this program has ended: this program once more,
 * in a session of its own.
 *
 * @param log what it says, this time only
 */
record BackgroundBuild(long pid, Path log) {
  private static final String LOG = "kernel-build.log";

  static BackgroundBuild start(Path images, String path, Optional<Path> sources)
      throws BuildException, IOException {
    Path log = images.resolve(LOG);
    // Not shared with what another build may still be writing.
    Files.deleteIfExists(log);
    Files.createFile(
        log, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    List<String> arguments = new ArrayList<>(List.of("setsid", "nice", "-n", "15"));
    arguments.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    arguments.addAll(
        List.of(
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "kernel",
            "build",
            "--wait",
            "--home",
            images.resolveSibling("").toAbsolutePath().normalize().toString()));
    sources.ifPresent(
        file -> arguments.addAll(List.of("--sources", file.toAbsolutePath().toString())));
    ProcessBuilder builder = new ProcessBuilder(arguments);
    builder.environment().put("PATH", path);
    builder.redirectInput(new File("/dev/null"));
    builder.redirectErrorStream(true);
    builder.redirectOutput(log.toFile());
    try {
      return new BackgroundBuild(builder.start().pid(), log);
    } catch (IOException e) {
      throw new BuildException("the build cannot be started: " + e.getMessage(), e);
    }
  }
}
