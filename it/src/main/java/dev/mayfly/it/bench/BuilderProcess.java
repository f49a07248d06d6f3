package dev.mayfly.it.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The image builder as a process of its own, watched for the memory it takes. */
final class BuilderProcess {
  private static final long LOOK_MILLIS = 20;
  private static final int LAST_CHARACTERS = 2000;

  private final Path home;

  BuilderProcess(Path home) {
    this.home = home;
  }

  /**
   * What a build took.
   *
   * @param nanos from the start of the process to its end
   * @param ownPeakMib the most the builder itself held, as its kernel says
   * @param wholePeakMib the most that it and its tools held at one time, as far as it was seen
   */
  record Taken(long nanos, long ownPeakMib, long wholePeakMib) {}

  /** Runs one command of the builder to its end. */
  Taken run(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // As the launcher starts it.
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.mayfly.image.builder.Main"));
    command.addAll(List.of(arguments));
    Path log = home.resolve("builder.log");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("MAYFLY_HOME", home.toString());
    long started = System.nanoTime();
    Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    long own = 0;
    long whole = 0;
    while (!process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
      own = Math.max(own, kibibytes(process.pid(), "VmHWM:"));
      long together = kibibytes(process.pid(), "VmRSS:");
      for (ProcessHandle tool : process.descendants().toList()) {
        together += kibibytes(tool.pid(), "VmRSS:");
      }
      whole = Math.max(whole, together);
    }
    long nanos = System.nanoTime() - started;
    if (process.exitValue() != 0) {
      String text = Files.readString(log);
      throw new IllegalStateException(
          "the image builder ended with "
              + process.exitValue()
              + ": "
              + text.substring(Math.max(0, text.length() - LAST_CHARACTERS)));
    }
    return new Taken(nanos, own / 1024, whole / 1024);
  }

  private static long kibibytes(long pid, String member) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
      return lines
          .filter(line -> line.startsWith(member))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElse(0);
    } catch (IOException | UncheckedIOException ended) {
      return 0;
    }
  }
}
