package dev.mayfly.db;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A child JVM that runs {@link LauncherProgram}. */
final class LauncherJvm implements AutoCloseable {
  /** A JVM, an unpacking and an initdb on a machine that builds other things meanwhile. */
  private static final Duration TIMEOUT = Duration.ofSeconds(90);

  private final Process process;
  private final BufferedReader output;

  private LauncherJvm(Process process) {
    this.process = process;
    this.output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /**
   * Starts it.
   *
   * @param prefix a command that runs the JVM, or nothing
   */
  static LauncherJvm start(List<String> prefix, Path directory, Path binaries) throws IOException {
    var arguments = new ArrayList<>(prefix);
    arguments.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx128m",
            "-cp",
            System.getProperty("java.class.path"),
            "-Dlogback.configurationFile=logback-child.xml",
            LauncherProgram.class.getName(),
            directory.toString(),
            binaries.toString()));
    return new LauncherJvm(
        new ProcessBuilder(arguments).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  static LauncherJvm start(Path directory) throws IOException {
    return start(List.of(), directory, binaries());
  }

  /** The folder that all tests of this module share. */
  static Path binaries() {
    return Path.of("target", "postgres").toAbsolutePath();
  }

  /** The next line that it says. */
  String says() throws Exception {
    var line =
        CompletableFuture.supplyAsync(this::readLine).get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    return line == null ? "END" : line;
  }

  private @org.jspecify.annotations.Nullable String readLine() {
    try {
      return output.readLine();
    } catch (IOException e) {
      return null;
    }
  }

  /** Says something and waits for the answer. */
  String ask(String line) throws Exception {
    tell(line);
    return says();
  }

  void tell(String line) throws IOException {
    OutputStream input = process.getOutputStream();
    input.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    input.flush();
  }

  /** kill -9, and its end. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
  }

  /** SIGTERM, and its end. */
  void terminate() throws InterruptedException {
    process.destroy();
    process.waitFor();
  }

  void awaitEnd() throws InterruptedException {
    if (!process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException("The child JVM did not end");
    }
  }

  long processId() {
    return process.pid();
  }

  /** The processes that work in a data directory. */
  static List<Long> serversIn(Path data) throws IOException {
    var found = new ArrayList<Long>();
    try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (var each : processes) {
        if (worksIn(each.resolve("cwd"), data)) {
          found.add(Long.valueOf(each.getFileName().toString()));
        }
      }
    }
    return found;
  }

  private static boolean worksIn(Path workingDirectory, Path data) {
    try {
      return Files.isSameFile(workingDirectory, data);
    } catch (IOException e) {
      return false;
    }
  }

  /** Waits until no process works in the data directory; the ones that are left. */
  static List<Long> leftOvers(Path data) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(15).toNanos();
    var left = serversIn(data);
    while (!left.isEmpty() && System.nanoTime() < deadline) {
      Thread.sleep(10);
      left = serversIn(data);
    }
    return left;
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }
}
