package dev.mayfly.worker.daemon.files;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Runs a program of the host, without a shell. */
public final class HostCommand {
  /** More output than this is not for people. */
  private static final int MAX_OUTPUT = 4096;

  /** Where administration programs lie; an ordinary user's PATH lacks them. */
  private static final List<String> SYSTEM_DIRECTORIES = List.of("/usr/sbin", "/sbin");

  private HostCommand() {}

  /** Finds a program on the PATH, or where administration programs lie. */
  public static Optional<Path> find(String program, String searchPath) {
    if (program.contains("/")) {
      return Optional.of(Path.of(program)).filter(Files::isExecutable);
    }
    var directories = new ArrayList<>(List.of(searchPath.split(":", -1)));
    directories.addAll(SYSTEM_DIRECTORIES);
    return directories.stream()
        .filter(directory -> directory.startsWith("/"))
        .map(directory -> Path.of(directory, program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Runs it and returns the start of its output, standard error included.
   *
   * @throws IOException when it cannot be started, does not end in time (it is killed then), or
   *     exits with another code than 0; the message holds its output
   */
  public static String run(Duration limit, List<String> command)
      throws IOException, InterruptedException {
    var process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .start();
    var name = Path.of(command.getFirst()).getFileName();
    try {
      var output = new StringBuilder();
      var reader = Thread.ofVirtual().start(() -> read(process, output));
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException(name + " did not end within " + limit.toSeconds() + " s");
      }
      reader.join(Duration.ofSeconds(1));
      String said;
      synchronized (output) {
        said = output.toString().strip();
      }
      if (process.exitValue() != 0) {
        throw new IOException(name + " failed (" + process.exitValue() + "): " + said);
      }
      return said;
    } finally {
      process.destroyForcibly();
    }
  }

  private static void read(Process process, StringBuilder into) {
    var buffer = new byte[MAX_OUTPUT];
    try (var output = process.getInputStream()) {
      for (int count = output.read(buffer); count >= 0; count = output.read(buffer)) {
        synchronized (into) {
          if (into.length() < MAX_OUTPUT) {
            into.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
          }
        }
      }
    } catch (IOException closed) {
      synchronized (into) {
        into.append(" (output was cut off)");
      }
    }
  }
}
