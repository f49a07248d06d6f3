package dev.mayfly.it.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** An orchestrator as a process of its own, with its embedded PostgreSQL, in a fresh directory. */
final class BenchOrchestrator implements AutoCloseable {
  private static final Duration START = Duration.ofMinutes(2);
  private static final Duration STOP = Duration.ofSeconds(60);
  private static final Duration LOOK = Duration.ofMillis(50);
  private static final Pattern PORTS = Pattern.compile("\"httpPort\":(\\d+),\"grpcPort\":(\\d+)");

  private final Path home;
  private final Process process;
  private final int httpPort;
  private final int grpcPort;

  private BenchOrchestrator(Path home, Process process, int httpPort, int grpcPort) {
    this.home = home;
    this.process = process;
    this.httpPort = httpPort;
    this.grpcPort = grpcPort;
  }

  /**
   * @param parent where its state directory is made
   * @param queue how many jobs may wait
   */
  static BenchOrchestrator start(Path parent, int queue) throws IOException, InterruptedException {
    Path home = Files.createTempDirectory(parent, "bench-engine-");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx768m",
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow"));
    String profile = System.getProperty("bench.profile");
    if (profile != null) {
      command.add("-XX:StartFlightRecording=settings=profile,filename=" + profile);
    }
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            "dev.mayfly.server.OrchestratorApplication"));
    ProcessBuilder builder = new ProcessBuilder(command);
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("MAYFLY_"));
    environment.put("MAYFLY_HOME", home.toString());
    environment.put("MAYFLY_HTTP_PORT", "0");
    environment.put("MAYFLY_GRPC_PORT", "0");
    environment.put("MAYFLY_QUEUE_MAX_JOBS", Integer.toString(queue));
    File log = home.resolve("bench.log").toFile();
    Process process = builder.redirectErrorStream(true).redirectOutput(log).start();
    Matcher ports = await(process, home);
    return new BenchOrchestrator(
        home, process, Integer.parseInt(ports.group(1)), Integer.parseInt(ports.group(2)));
  }

  private static Matcher await(Process process, Path home)
      throws IOException, InterruptedException {
    Path run = home.resolve("run").resolve("orchestrator.json");
    long end = System.nanoTime() + START.toNanos();
    while (System.nanoTime() - end < 0) {
      if (Files.exists(run)) {
        Matcher matcher = PORTS.matcher(Files.readString(run));
        if (matcher.find()) {
          return matcher;
        }
      }
      if (!process.isAlive()) {
        break;
      }
      Thread.sleep(LOOK);
    }
    process.destroyForcibly();
    throw new IllegalStateException(
        "the orchestrator did not start; its log is " + home.resolve("bench.log"));
  }

  String url() {
    return "http://127.0.0.1:" + httpPort;
  }

  int grpcPort() {
    return grpcPort;
  }

  String apiToken() throws IOException {
    return Files.readString(home.resolve("secrets").resolve("api-token")).strip();
  }

  String workerToken() throws IOException {
    return Files.readString(home.resolve("secrets").resolve("worker-token")).strip();
  }

  /** Resident memory of the orchestrator's own process, in MiB. */
  long residentMib() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + process.pid() + "/status"))) {
      return lines
              .filter(line -> line.startsWith("VmRSS:"))
              .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
              .findFirst()
              .orElse(0)
          / 1024;
    }
  }

  @Override
  public void close() throws IOException {
    process.destroy();
    try {
      if (!process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
    try (Stream<Path> all = Files.walk(home)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
