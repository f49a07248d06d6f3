package dev.mayfly.it.chaos;

import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.ShapeRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A job whose every byte of output is known beforehand.
 *
 * @param key under which it is submitted, as often as it takes
 * @param label of the workers that may take it
 * @param lines how many lines it prints, ten a second
 * @param exitCode how it ends
 */
record Expectation(String key, String label, int lines, int exitCode) {
  /** No storm lasts long enough for this. */
  private static final int MAX_ATTEMPTS = 10;

  JobRequest request() {
    String script =
        "i=0; while [ $i -lt "
            + lines
            + " ]; do echo \"line $i of "
            + key
            + "\"; i=$((i+1)); sleep 0.1; done; exit "
            + exitCode;
    return new JobRequest(
        "debian:12",
        List.of("sh", "-c", script),
        null,
        // There on every host, for the loopback VMM.
        "/tmp",
        null,
        new ShapeRequest(1, 512, 256),
        null,
        600,
        null,
        null,
        null,
        null,
        List.of(label),
        null,
        MAX_ATTEMPTS,
        null);
  }

  /** What the attempt that succeeds prints. */
  byte[] output() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < lines; i++) {
      text.append("line ").append(i).append(" of ").append(key).append('\n');
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }
}
