package dev.mayfly.worker.daemon.builds;

import dev.mayfly.api.Blame;
import dev.mayfly.image.bundle.Sha256;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A line that the image builder prints with {@code --progress json}. What is none of these says
 * nothing to us.
 */
sealed interface BuilderLine {
  JsonMapper MAPPER = JsonMapper.builder().build();

  /** A step goes on. */
  record Step(String step, String detail, boolean ended) implements BuilderLine {}

  /** The last line of a build that went well. */
  record Built(Sha256 bundle) implements BuilderLine {}

  /** The last line of any other. */
  record Failed(String error, Blame blame) implements BuilderLine {}

  /** Reads a line; empty: it is not one of ours. */
  static Optional<BuilderLine> parse(String line) {
    try {
      JsonNode node = MAPPER.readTree(line);
      if (node == null || !node.isObject()) {
        return Optional.empty();
      }
      if (node.has("bundle")) {
        return Optional.of(new Built(Sha256.parse(node.path("bundle").asString(""))));
      }
      if (node.has("error")) {
        return Optional.of(
            new Failed(node.path("error").asString(""), blame(node.path("blame").asString(""))));
      }
      if (node.has("step")) {
        return Optional.of(
            new Step(
                node.path("step").asString(""),
                node.path("detail").asString(""),
                node.path("state").asString("").equals("finished")));
      }
      return Optional.empty();
    } catch (JacksonException | IllegalArgumentException notOurs) {
      return Optional.empty();
    }
  }

  private static Blame blame(String name) {
    try {
      return Blame.valueOf(name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException unknown) {
      return Blame.PLATFORM;
    }
  }
}
