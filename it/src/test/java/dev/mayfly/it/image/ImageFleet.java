package dev.mayfly.it.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.client.MayflyClient;
import dev.mayfly.it.fleet.CuttingProxy;
import dev.mayfly.it.fleet.Deployment;
import dev.mayfly.it.fleet.Deployment.Finished;
import dev.mayfly.it.fleet.DirectoryTree;
import dev.mayfly.it.fleet.Service;
import dev.mayfly.it.fleet.WorkerPlan;
import dev.mayfly.it.scenario.Images;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One orchestrator and workers beside a directory of images of their own, where the image builder
 * builds as on any machine. Not thread-safe.
 */
final class ImageFleet implements AutoCloseable {
  private static final int LAST_LINES = 60;

  private final Path directory;
  private final Path home;
  private @Nullable Deployment deployment;

  private ImageFleet(Path directory, Path home) {
    this.directory = directory;
    this.home = home;
  }

  /** A machine on which nothing runs yet; it has debian:12 and the kernel that came with it. */
  static ImageFleet prepare() throws Exception {
    Path built = Images.directory();
    // Short, because the path of a Unix socket holds 107 bytes.
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "mayfly-it-");
    // A VMM runs as a user of its own, and the stand-in for one lies beneath.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path home = Files.createDirectory(directory.resolve("m"));
    Files.createDirectory(home.resolve("tmp"));
    run("cp", "--archive", "--reflink=auto", built.toString(), home.resolve("images").toString());
    return new ImageFleet(directory, home);
  }

  /** Starts everything and waits until every worker is online. */
  void start(Map<String, String> settings, List<WorkerPlan> workers) throws Exception {
    try {
      deployment =
          Deployment.start(Files.createDirectory(directory.resolve("d")), settings, 1, workers);
    } catch (Exception failed) {
      System.out.println(logs());
      close();
      throw failed;
    }
  }

  /** The images of the machine on which is built. */
  Path images() {
    return home.resolve("images");
  }

  Path directory() {
    return directory;
  }

  /** A program that is the image builder, for workers that build. */
  Path builder() throws IOException {
    Path script = directory.resolve("image-builder");
    if (!Files.exists(script)) {
      Files.writeString(
          script, "#!/bin/sh\nexec '" + String.join("' '", builderCommand()) + "' \"$@\"\n");
      Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    return script;
  }

  private static List<String> builderCommand() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "-Xmx256m",
        "-cp",
        System.getProperty("java.class.path"),
        "dev.mayfly.image.builder.Main");
  }

  /** Runs the image builder on this machine; it must succeed. */
  String build(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(builderCommand());
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("MAYFLY_HOME", home.toString());
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  /** Hands an image of this machine to the orchestrator. */
  void publish(String image) throws Exception {
    Finished published = mayfly("image", "publish", image, "--images", images().toString());
    assertThat(published.code()).as(published.toString()).isZero();
  }

  Finished mayfly(String... arguments) throws Exception {
    return running().mayfly(0, arguments);
  }

  /** Runs the mayfly command, which must succeed; returns what it printed. */
  String must(String... arguments) throws Exception {
    Finished finished = mayfly(arguments);
    assertThat(finished.code()).as(finished + logs()).isZero();
    return finished.stdout();
  }

  /** As REST does it: the image is built again when its source is not what it was. */
  void askForBuild(String image) throws Exception {
    Path home = directory.resolve("d/o0");
    String port =
        Files.readString(home.resolve("run/orchestrator.json"))
            .replaceAll(".*\"httpPort\":([0-9]+).*", "$1")
            .strip();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/image-builds"))
            .header("Content-Type", "application/json")
            .header(
                "Authorization",
                "Bearer " + Files.readString(home.resolve("secrets/api-token")).strip())
            .POST(HttpRequest.BodyPublishers.ofString("{\"image\":\"" + image + "\"}"))
            .build();
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 202);
    }
  }

  MayflyClient client() throws IOException {
    return running().client(0);
  }

  Service worker(String name) {
    return running().workers().stream()
        .filter(worker -> worker.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** What lies between a worker and the orchestrator. */
  CuttingProxy wayOf(String worker) {
    return running().proxies().get(running().workers().indexOf(worker(worker)));
  }

  /** State directory of a worker. */
  Path homeOf(String worker) {
    return running().homeOf(worker(worker));
  }

  private Deployment running() {
    if (deployment == null) {
      throw new IllegalStateException("the fleet is not started");
    }
    return deployment;
  }

  /** The ends of the services' logs, for a failure's message. */
  String logs() throws IOException {
    StringBuilder text = new StringBuilder();
    Path services = directory.resolve("d");
    if (Files.isDirectory(services)) {
      try (Stream<Path> logs = Files.list(services)) {
        for (Path log : logs.filter(path -> path.toString().endsWith(".log")).sorted().toList()) {
          List<String> lines = Files.readAllLines(log, StandardCharsets.ISO_8859_1);
          text.append("\n--- ").append(log.getFileName()).append('\n');
          lines.stream()
              .skip(Math.max(0, lines.size() - LAST_LINES))
              .forEach(line -> text.append(line).append('\n'));
        }
      }
    }
    return text.toString();
  }

  @Override
  public void close() throws Exception {
    if (deployment != null) {
      deployment.close();
    }
    DirectoryTree.remove(directory);
  }

  static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + ": " + output).isZero();
  }
}
