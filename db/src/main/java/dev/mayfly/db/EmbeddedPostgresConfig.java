package dev.mayfly.db;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What the embedded PostgreSQL is started with.
 *
 * @param directory holds all that it keeps: binaries, data, passwords, log
 * @param binaries where the binaries are unpacked, in a folder named by their version; may be
 *     shared by several directories
 * @param port the TCP port on 127.0.0.1; 0 takes a free one
 * @param startTimeout how long it may take to accept connections; after a crash it first replays at
 *     most {@code max_wal_size} of log
 * @param stopTimeout how long an ordered stop may take before it is killed
 * @param settings PostgreSQL settings over those the launcher chooses
 */
public record EmbeddedPostgresConfig(
    Path directory,
    Path binaries,
    int port,
    Duration startTimeout,
    Duration stopTimeout,
    Map<String, String> settings) {
  /** Replaying 256 MiB of log takes some seconds on a disk; a slow machine gets ten times that. */
  private static final Duration START_TIMEOUT = Duration.ofMinutes(2);

  /** A fast shutdown writes one checkpoint: at most shared_buffers. */
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);

  private static final Pattern SETTING = Pattern.compile("[a-z_]{1,63}(\\.[a-z_]{1,63})?");

  public EmbeddedPostgresConfig {
    directory = directory.toAbsolutePath().normalize();
    binaries = binaries.toAbsolutePath().normalize();
    settings = Map.copyOf(settings);
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException("port out of range: " + port);
    }
    for (var name : settings.keySet()) {
      if (!SETTING.matcher(name).matches()) {
        throw new IllegalArgumentException("not the name of a PostgreSQL setting: " + name);
      }
    }
  }

  /** Everything in one directory, a free port, the launcher's own settings. */
  public static EmbeddedPostgresConfig in(Path directory) {
    return new EmbeddedPostgresConfig(
        directory, directory, 0, START_TIMEOUT, STOP_TIMEOUT, Map.of());
  }

  public EmbeddedPostgresConfig withPort(int newPort) {
    return new EmbeddedPostgresConfig(
        directory, binaries, newPort, startTimeout, stopTimeout, settings);
  }

  public EmbeddedPostgresConfig withBinaries(Path newBinaries) {
    return new EmbeddedPostgresConfig(
        directory, newBinaries, port, startTimeout, stopTimeout, settings);
  }

  public EmbeddedPostgresConfig withSettings(Map<String, String> newSettings) {
    return new EmbeddedPostgresConfig(
        directory, binaries, port, startTimeout, stopTimeout, newSettings);
  }
}
