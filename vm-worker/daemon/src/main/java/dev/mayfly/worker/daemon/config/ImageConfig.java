package dev.mayfly.worker.daemon.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Settings of the worker's image cache and of its builds, checked; see {@code
 * ops/docs/configuration.md}.
 *
 * @param directory of the cache, absolute
 * @param seed the store of the image builder on this host; empty: none
 * @param maxMib of all that is pulled
 * @param connections how many files come at once for jobs, and go up after a build
 * @param pullLimit how long a job waits for its bundle
 * @param trustedKeys bundles must be signed by one of the keys there; empty: they need not
 * @param builder the image builder's program and first arguments; empty: this worker builds nothing
 */
public record ImageConfig(
    Path directory,
    Optional<Path> seed,
    long maxMib,
    int connections,
    Duration pullLimit,
    Optional<Path> trustedKeys,
    List<String> builder) {

  private static final int MAX_MIB = 1 << 30;

  /** Twenty gigabytes hold some hundred images. */
  private static final long USUAL_MAX_MIB = 20 << 10;

  private static final int DEFAULT_CONNECTIONS = 4;
  private static final int MAX_CONNECTIONS = 16;
  private static final int DEFAULT_PULL_SECONDS = 900;
  private static final int MAX_PULL_SECONDS = 86_400;
  private static final String NONE = "none";

  public ImageConfig {
    builder = List.copyOf(builder);
  }

  static ImageConfig read(Settings settings, Path home, HostFacts host) throws ConfigException {
    var directory =
        path(settings, "mayfly.worker.images").orElse(home.resolve("worker").resolve("images"));
    var seed =
        settings.get("mayfly.worker.images-seed").filter(NONE::equals).isPresent()
            ? Optional.<Path>empty()
            : Optional.of(
                path(settings, "mayfly.worker.images-seed").orElse(home.resolve("images")));
    if (seed.filter(directory::equals).isPresent()) {
      throw new ConfigException(
          "mayfly.worker.images and mayfly.worker.images-seed are both "
              + directory
              + ", must be two directories: the worker removes from the first what it needs no"
              + " more");
    }
    int half = (int) Math.clamp(host.freeDiskMib() / 2, 1, MAX_MIB);
    return new ImageConfig(
        directory,
        seed,
        settings.number(
            "mayfly.worker.images-max-mib", 1, MAX_MIB, (int) Math.min(USUAL_MAX_MIB, half)),
        settings.number("mayfly.worker.pull-connections", 1, MAX_CONNECTIONS, DEFAULT_CONNECTIONS),
        Duration.ofSeconds(
            settings.number(
                "mayfly.worker.pull-seconds", 1, MAX_PULL_SECONDS, DEFAULT_PULL_SECONDS)),
        trustedKeys(settings),
        settings
            .get("mayfly.worker.builder")
            .map(line -> Arrays.asList(line.split("\\s+")))
            .orElse(List.of()));
  }

  private static Optional<Path> trustedKeys(Settings settings) throws ConfigException {
    var required = settings.get("mayfly.worker.require-signed").orElse("off");
    var keys = path(settings, "mayfly.worker.trusted-keys");
    return switch (required) {
      case "off" -> Optional.empty();
      case "on" -> {
        if (keys.isEmpty()) {
          throw new ConfigException(
              "mayfly.worker.require-signed is on, so mayfly.worker.trusted-keys must name a"
                  + " directory of public keys");
        }
        yield keys;
      }
      default ->
          throw new ConfigException(
              "mayfly.worker.require-signed is \"" + required + "\", must be on or off");
    };
  }

  private static Optional<Path> path(Settings settings, String key) throws ConfigException {
    var text = settings.get(key);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      var path = Path.of(text.get());
      if (path.isAbsolute()) {
        return Optional.of(path.normalize());
      }
    } catch (InvalidPathException invalid) {
      // Told below, with the same words.
    }
    throw new ConfigException(key + " is \"" + text.get() + "\", must be an absolute path");
  }
}
