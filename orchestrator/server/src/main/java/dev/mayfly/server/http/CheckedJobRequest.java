package dev.mayfly.server.http;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.job.JobSpec;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;

/** A request for a job whose every member is valid and present. */
record CheckedJobRequest(
    ImageRef image,
    List<String> command,
    SortedMap<String, String> environment,
    String workingDirectory,
    String user,
    Shape shape,
    NetworkMode network,
    int timeoutSeconds) {

  JobSpec spec(Image known) {
    return new JobSpec(
        image,
        known.bundle(),
        command,
        environment,
        workingDirectory,
        user,
        shape,
        network,
        Duration.ofSeconds(timeoutSeconds));
  }

  /** SHA-256 over all members, each with its length, so that no two requests read the same. */
  String fingerprint() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      add(digest, image.value(), Integer.toString(command.size()));
      command.forEach(argument -> add(digest, argument));
      add(digest, Integer.toString(environment.size()));
      environment.forEach((name, value) -> add(digest, name, value));
      add(digest, workingDirectory, user, shape.toString(), network.name());
      add(digest, Integer.toString(timeoutSeconds));
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java has SHA-256", impossible);
    }
  }

  private static void add(MessageDigest digest, String... fields) {
    for (String field : fields) {
      byte[] bytes = field.getBytes(StandardCharsets.UTF_8);
      digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
      digest.update(bytes);
    }
  }
}
