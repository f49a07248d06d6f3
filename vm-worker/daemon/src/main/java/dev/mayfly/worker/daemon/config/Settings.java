package dev.mayfly.worker.daemon.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Settings by key, from system properties ({@code mayfly.http.port}) and environment variables
 * ({@code MAYFLY_HTTP_PORT}); a property wins. The keys are those of {@code
 * ops/docs/configuration.md}, of all programs, because one environment may hold them all; a key
 * that is not among them is an error.
 */
final class Settings {
  private static final String PROPERTY_PREFIX = "mayfly.";
  private static final String VARIABLE_PREFIX = "MAYFLY_";

  /** More than this is no slip of the finger. */
  private static final int MAX_VALUE_LENGTH = 4096;

  static final List<String> KEYS =
      List.of(
          "mayfly.home",
          "mayfly.http.address",
          "mayfly.http.port",
          "mayfly.grpc.address",
          "mayfly.grpc.port",
          "mayfly.database.url",
          "mayfly.database.user",
          "mayfly.database.password-file",
          "mayfly.worker.orchestrator",
          "mayfly.worker.token-file",
          "mayfly.worker.name",
          "mayfly.worker.labels",
          "mayfly.worker.pool",
          "mayfly.worker.cpus",
          "mayfly.worker.memory-mib",
          "mayfly.worker.scratch-mib",
          "mayfly.worker.accelerator",
          "mayfly.worker.qemu",
          "mayfly.worker.on-stop",
          "mayfly.worker.images",
          "mayfly.worker.images-seed",
          "mayfly.worker.images-max-mib",
          "mayfly.worker.pull-connections",
          "mayfly.worker.pull-seconds",
          "mayfly.worker.require-signed",
          "mayfly.worker.trusted-keys",
          "mayfly.worker.builder",
          "mayfly.url",
          "mayfly.token-file",
          "mayfly.token",
          "mayfly.debug");

  private final Map<String, String> values = new LinkedHashMap<>();

  private Settings() {}

  static Settings read(Map<String, String> environment, Map<String, String> properties)
      throws ConfigException {
    var settings = new Settings();
    var keysByVariable = new LinkedHashMap<String, String>();
    KEYS.forEach(key -> keysByVariable.put(variable(key), key));
    for (var entry : environment.entrySet()) {
      if (entry.getKey().startsWith(VARIABLE_PREFIX)) {
        var key = keysByVariable.get(entry.getKey());
        if (key == null) {
          throw unknown(entry.getKey(), List.copyOf(keysByVariable.keySet()));
        }
        settings.put(key, entry.getKey(), entry.getValue());
      }
    }
    for (var entry : properties.entrySet()) {
      if (entry.getKey().startsWith(PROPERTY_PREFIX)) {
        if (!KEYS.contains(entry.getKey())) {
          throw unknown(entry.getKey(), KEYS);
        }
        settings.put(entry.getKey(), entry.getKey(), entry.getValue());
      }
    }
    return settings;
  }

  /** The value; empty when it is absent or blank. */
  Optional<String> get(String key) {
    if (!KEYS.contains(key)) {
      throw new IllegalStateException(key + " is not a known key");
    }
    return Optional.ofNullable(values.get(key)).map(String::strip).filter(text -> !text.isEmpty());
  }

  int number(String key, int least, int most, int otherwise) throws ConfigException {
    var text = get(key);
    if (text.isEmpty()) {
      return otherwise;
    }
    try {
      int value = Integer.parseInt(text.get());
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException notANumber) {
      // Told below, with the same words.
    }
    throw new ConfigException(
        key + " is \"" + text.get() + "\", must be a whole number from " + least + " to " + most);
  }

  static String variable(String key) {
    return key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }

  private void put(String key, String given, String value) throws ConfigException {
    if (value.length() > MAX_VALUE_LENGTH) {
      throw new ConfigException(given + " is longer than " + MAX_VALUE_LENGTH + " characters");
    }
    values.put(key, value);
  }

  private static ConfigException unknown(String given, List<String> known) {
    var nearest = known.getFirst();
    for (var candidate : known) {
      if (distance(given, candidate) < distance(given, nearest)) {
        nearest = candidate;
      }
    }
    return new ConfigException("unknown setting " + given + "; did you mean " + nearest + "?");
  }

  /** How many characters have to be inserted, removed or changed (Levenshtein). */
  static int distance(String left, String right) {
    var row = new int[right.length() + 1];
    for (int j = 0; j <= right.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= left.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= right.length(); j++) {
        int change = diagonal + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[right.length()];
  }
}
