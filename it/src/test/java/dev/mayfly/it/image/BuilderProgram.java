package dev.mayfly.it.image;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The image builder as a user and a worker run it: a process of its own. */
final class BuilderProgram {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path home;
  private final Map<String, String> environment = new HashMap<>();

  /**
   * @param home its {@code MAYFLY_HOME}
   */
  BuilderProgram(Path home) {
    this.home = home;
  }

  void set(String variable, String value) {
    environment.put(variable, value);
  }

  Path images() {
    return home.resolve("images");
  }

  /** How one run ended. */
  record Finished(int code, String out, String err) {
    /** The lines that {@code --progress json} printed. */
    List<JsonNode> lines() {
      List<JsonNode> lines = new ArrayList<>();
      out.lines().forEach(line -> lines.add(JSON.readTree(line)));
      return lines;
    }

    JsonNode last() {
      return lines().getLast();
    }
  }

  Finished run(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx512m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.mayfly.image.builder.Main"));
    command.addAll(List.of(arguments));
    command.add("--home=" + home);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    Process process = builder.start();
    StringBuilder err = new StringBuilder();
    Thread errors =
        Thread.ofVirtual()
            .start(() -> {
              try {
                err.append(text(process.getErrorStream().readAllBytes()));
              } catch (IOException ended) {
                err.append(ended.getMessage());
              }
            });
    String out = text(process.getInputStream().readAllBytes());
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IOException("the builder did not end: " + out + err);
    }
    errors.join();
    return new Finished(process.exitValue(), out, err.toString());
  }

  /** Builds, and says what is there then. */
  Finished build(String... arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("build", "--progress=json"));
    all.addAll(List.of(arguments));
    return run(all.toArray(String[]::new));
  }

  JsonNode manifest(String image) throws IOException, InterruptedException {
    Finished inspected = run("inspect", image);
    return JSON.readTree(inspected.out());
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
