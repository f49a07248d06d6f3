package dev.mayfly.it.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Programs of the host that a benchmark calls; each must end with 0. */
final class Programs {
  private Programs() {}

  static void run(String... command) throws IOException, InterruptedException {
    run(List.of(command));
  }

  static void run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor();
    if (code != 0) {
      throw new IllegalStateException(
          command.getFirst() + " ended with " + code + ": " + output.strip());
    }
  }
}
