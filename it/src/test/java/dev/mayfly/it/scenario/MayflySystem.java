package dev.mayfly.it.scenario;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.client.BaseUrl;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.Timeouts;
import dev.mayfly.image.bundle.BundleStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * An orchestrator and a worker as processes of their own on one state directory, driven through the
 * {@code mayfly} command. Not thread-safe, except {@link #mayfly}.
 */
final class MayflySystem implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(120);

  private final Path home;
  private final int httpPort;
  private final int grpcPort;
  private @org.jspecify.annotations.Nullable Process orchestrator;
  private @org.jspecify.annotations.Nullable Process worker;

  private MayflySystem(Path home, int httpPort, int grpcPort) {
    this.home = home;
    this.httpPort = httpPort;
    this.grpcPort = grpcPort;
  }

  /** A fresh system with an empty state directory that knows the image debian:12. */
  static MayflySystem start() throws Exception {
    Path images = Images.directory();
    // Short, because the path of a Unix socket holds 107 bytes.
    Path home = Files.createTempDirectory(Path.of("/tmp"), "mayfly-it-");
    MayflySystem system = new MayflySystem(home, freePort(), freePort());
    try {
      Files.createSymbolicLink(home.resolve("images"), images);
      Files.createDirectory(home.resolve("tmp"));
      system.startOrchestrator();
      system.publish(images);
      system.startWorker();
      return system;
    } catch (Exception failed) {
      System.out.println(system.logs());
      system.close();
      throw failed;
    }
  }

  void startOrchestrator() throws Exception {
    orchestrator = java("orchestrator", "dev.mayfly.server.OrchestratorApplication", 320);
    expectHealthy();
  }

  void startWorker() throws Exception {
    worker = java("worker", "dev.mayfly.worker.daemon.Main", 128);
    expectHealthy("--worker");
  }

  private void expectHealthy(String... flags) throws Exception {
    List<String> arguments =
        new ArrayList<>(List.of("health", "--wait", Long.toString(START.toSeconds())));
    arguments.addAll(List.of(flags));
    Finished health = mayfly(arguments.toArray(String[]::new));
    if (health.code() != 0) {
      throw new IllegalStateException("not healthy: " + health + logs());
    }
  }

  /** The end nobody can prepare for. */
  void killOrchestrator() throws InterruptedException {
    kill(orchestrator);
  }

  void killWorker() throws InterruptedException {
    kill(worker);
  }

  /** The VMMs of this system, by their process ids. */
  void killMicroVms() throws IOException {
    for (Path directory : microVmDirectories()) {
      long pid =
          Long.parseLong(Files.readString(directory.resolve("vm.pid")).strip().split(" ")[0]);
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  private static void kill(@org.jspecify.annotations.Nullable Process process)
      throws InterruptedException {
    if (process != null) {
      process.destroyForcibly();
      process.waitFor();
    }
  }

  private void publish(Path images) throws Exception {
    var bundle = BundleStore.open(images).find(Images.DEBIAN).orElseThrow();
    Finished published =
        mayfly(
            "image-publish",
            Images.DEBIAN,
            "--digest",
            bundle.digest().toString(),
            "--architecture",
            bundle.manifest().architecture(),
            "--size",
            Long.toString(bundle.size()));
    if (published.code() != 0) {
      throw new IllegalStateException("not published: " + published);
    }
  }

  Path home() {
    return home;
  }

  MayflyClient client() throws IOException {
    String token = Files.readString(home.resolve("secrets/api-token")).strip();
    return new MayflyClient(
        BaseUrl.parse("http://127.0.0.1:" + httpPort), () -> token, Timeouts.DEFAULT);
  }

  /** What a command printed and how it ended. */
  record Finished(int code, byte[] stdout, String stderr) {
    String text() {
      return new String(stdout, java.nio.charset.StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
      return "exit code "
          + code
          + ", stdout "
          + text().lines().limit(20).toList()
          + ", stderr "
          + stderr;
    }
  }

  /** Runs the mayfly command to its end. */
  Finished mayfly(String... arguments) throws Exception {
    Process process = startMayfly(arguments);
    try (var errors = new Collector(process.getErrorStream())) {
      byte[] stdout = process.getInputStream().readAllBytes();
      int code = process.waitFor();
      return new Finished(code, stdout, errors.text());
    }
  }

  /** Runs a script in a microVM of debian:12. */
  Finished run(String script) throws Exception {
    return mayfly("run", "--image", Images.DEBIAN, "--", "sh", "-c", script);
  }

  Process startMayfly(String... arguments) throws IOException {
    return startMayfly(ProcessBuilder.Redirect.PIPE, arguments);
  }

  Process startMayfly(ProcessBuilder.Redirect stdin, String... arguments) throws IOException {
    // A shell starts what runs in its background with SIGINT ignored, and that is inherited.
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
    command.addAll(javaCommand("dev.mayfly.cli.Main", 96));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    environment(builder.environment());
    return builder.redirectInput(stdin).start();
  }

  private Process java(String name, String mainClass, int heapMib) throws IOException {
    Files.createDirectories(home.resolve("log"));
    ProcessBuilder builder = new ProcessBuilder(javaCommand(mainClass, heapMib));
    environment(builder.environment());
    builder.redirectErrorStream(true);
    builder.redirectOutput(
        ProcessBuilder.Redirect.appendTo(home.resolve("log").resolve(name + ".out").toFile()));
    return builder.start();
  }

  private void environment(Map<String, String> environment) {
    environment.keySet().removeIf(name -> name.startsWith("MAYFLY_"));
    environment.put("MAYFLY_HOME", home.toString());
    environment.put("MAYFLY_HTTP_PORT", Integer.toString(httpPort));
    environment.put("MAYFLY_GRPC_PORT", Integer.toString(grpcPort));
    environment.put("MAYFLY_WORKER_ORCHESTRATOR", "127.0.0.1:" + grpcPort);
    environment.put("MAYFLY_URL", "http://127.0.0.1:" + httpPort);
  }

  private List<String> javaCommand(String mainClass, int heapMib) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xshare:auto",
        "-Xmx" + heapMib + "m",
        // A killed process leaves its temporary files; here they go with the state directory.
        "-Djava.io.tmpdir=" + home.resolve("tmp"),
        "-XX:-UsePerfData",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-cp",
        System.getProperty("java.class.path"),
        mainClass);
  }

  /**
   * Processes of this system that run now, found by the state directory in their command line, the
   * services left out.
   */
  List<String> strayProcesses() throws IOException {
    List<String> found = new ArrayList<>();
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process :
          processes.filter(p -> p.getFileName().toString().matches("\\d+")).toList()) {
        try {
          String commandLine = Files.readString(process.resolve("cmdline")).replace('\0', ' ');
          boolean ours =
              commandLine.contains(home.toString())
                  || Files.readSymbolicLink(process.resolve("cwd")).startsWith(home);
          if (ours && commandLine.contains("qemu") && !commandLine.contains("/bin/java")) {
            found.add(commandLine);
          }
        } catch (IOException gone) {
          // The process ended while we looked.
        }
      }
    }
    return found;
  }

  /** What lies in the directory of the microVMs. */
  List<Path> microVmDirectories() throws IOException {
    Path vms = home.resolve("worker/vms");
    if (!Files.exists(vms)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(vms)) {
      return entries.toList();
    }
  }

  JobView job(String id) throws Exception {
    return client().job(JobId.parse(id)).orElseThrow();
  }

  /** The ends of the services' logs, for a failure's message. */
  String logs() throws IOException {
    StringBuilder text = new StringBuilder();
    for (String name :
        List.of("orchestrator.out", "worker.out", "orchestrator.log", "worker.log")) {
      Path log = home.resolve("log").resolve(name);
      if (Files.exists(log)) {
        List<String> lines = Files.readAllLines(log, java.nio.charset.StandardCharsets.ISO_8859_1);
        text.append("\n--- ").append(name).append('\n');
        lines.stream()
            .skip(Math.max(0, lines.size() - 40))
            .forEach(line -> text.append(line).append('\n'));
      }
    }
    return text.toString();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Ends both services as the launcher does, and removes the state directory. */
  @Override
  public void close() throws Exception {
    stop(worker);
    stop(orchestrator);
    try (Stream<Path> all = Files.walk(home)) {
      all.sorted(Comparator.reverseOrder())
          .forEach(path -> {
            try {
              Files.deleteIfExists(path);
            } catch (IOException failed) {
              throw new UncheckedIOException(failed);
            }
          });
    }
  }

  private static void stop(@org.jspecify.annotations.Nullable Process process)
      throws InterruptedException {
    if (process == null) {
      return;
    }
    process.destroy();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException("a service did not end within 30 s of SIGTERM");
    }
  }
}
