package dev.mayfly.server.config;

import dev.mayfly.core.image.FirstUsePolicy;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings of the orchestrator, checked.
 *
 * @param home the state directory, absolute
 * @param httpPort 0 takes a free one; so does {@code grpcPort}
 * @param databaseUrl {@code embedded} or a JDBC URL
 * @param maxQueuedJobs how many jobs may wait, 1 to {@value #MOST_QUEUED_JOBS}; a submission beyond
 *     is refused
 * @param blobs where the files of bundles are kept
 * @param firstUse which images are built when a job first names them, as {@link FirstUsePolicy}
 *     lists them; empty: none
 */
public record OrchestratorSettings(
    Path home,
    InetAddress httpAddress,
    int httpPort,
    InetAddress grpcAddress,
    int grpcPort,
    String databaseUrl,
    @Nullable String databaseUser,
    @Nullable Path databasePasswordFile,
    int maxQueuedJobs,
    BlobSettings blobs,
    List<String> firstUse) {

  public static final int DEFAULT_HTTP_PORT = 8420;
  public static final int DEFAULT_GRPC_PORT = 8421;
  public static final int DEFAULT_MAX_QUEUED_JOBS = 10_000;
  public static final int MOST_QUEUED_JOBS = 1_000_000;
  private static final String DEFAULT_ADDRESS = "127.0.0.1";
  private static final String NO_FIRST_USE = "none";
  private static final String EMBEDDED = "embedded";
  private static final int MAX_PORT = 65535;

  public OrchestratorSettings {
    firstUse = List.copyOf(firstUse);
    requireLoopback(SettingKeys.HTTP_ADDRESS, httpAddress);
    requireLoopback(SettingKeys.GRPC_ADDRESS, grpcAddress);
    if (maxQueuedJobs < 1 || maxQueuedJobs > MOST_QUEUED_JOBS) {
      throw new SettingsException(notAQueue(Integer.toString(maxQueuedJobs)));
    }
  }

  /**
   * Reads the settings; a system property wins over an environment variable, and an empty value is
   * as good as none.
   *
   * @param properties all system properties
   * @throws SettingsException when one is unknown or wrong
   */
  public static OrchestratorSettings read(
      Map<String, String> environment, Map<String, String> properties) {
    environment.keySet().forEach(SettingKeys::checkEnvironment);
    properties.keySet().forEach(SettingKeys::checkProperty);
    Source source = new Source(environment, properties);
    String passwordFile = source.find(SettingKeys.DATABASE_PASSWORD_FILE);
    return new OrchestratorSettings(
        home(source),
        address(source, SettingKeys.HTTP_ADDRESS),
        port(source, SettingKeys.HTTP_PORT, DEFAULT_HTTP_PORT),
        address(source, SettingKeys.GRPC_ADDRESS),
        port(source, SettingKeys.GRPC_PORT, DEFAULT_GRPC_PORT),
        source.get(SettingKeys.DATABASE_URL, EMBEDDED),
        source.find(SettingKeys.DATABASE_USER),
        passwordFile == null ? null : path(SettingKeys.DATABASE_PASSWORD_FILE, passwordFile),
        maxQueuedJobs(source),
        BlobSettings.read(source::find, home(source)),
        firstUse(source.find(SettingKeys.IMAGES_FIRST_USE)));
  }

  private record Source(Map<String, String> environment, Map<String, String> properties) {
    @Nullable String find(String key) {
      String property = properties.get(key);
      if (property != null && !property.isEmpty()) {
        return property;
      }
      String variable = environment.get(SettingKeys.environmentName(key));
      return variable == null || variable.isEmpty() ? null : variable;
    }

    String get(String key, String fallback) {
      String value = find(key);
      return value == null ? fallback : value;
    }
  }

  private static Path home(Source source) {
    String home = source.find(SettingKeys.HOME);
    if (home != null) {
      return path(SettingKeys.HOME, home);
    }
    String data = source.environment().get("XDG_DATA_HOME");
    return data != null && data.startsWith("/")
        ? Path.of(data, "mayfly")
        : Path.of(source.properties().getOrDefault("user.home", "."), ".local/share/mayfly")
            .toAbsolutePath();
  }

  private static Path path(String key, String value) {
    try {
      return Path.of(value).toAbsolutePath().normalize();
    } catch (InvalidPathException invalid) {
      throw new SettingsException(key + " is not a path: " + value, invalid);
    }
  }

  private static InetAddress address(Source source, String key) {
    String value = source.get(key, DEFAULT_ADDRESS);
    try {
      return InetAddress.getByName(value);
    } catch (UnknownHostException unknown) {
      throw new SettingsException(key + " is not an address of this machine: " + value, unknown);
    }
  }

  private static int port(Source source, String key, int fallback) {
    String value = source.find(key);
    if (value == null) {
      return fallback;
    }
    try {
      int port = Integer.parseInt(value);
      if (port >= 0 && port <= MAX_PORT) {
        return port;
      }
    } catch (NumberFormatException notANumber) {
      throw new SettingsException(notAPort(key, value), notANumber);
    }
    throw new SettingsException(notAPort(key, value));
  }

  private static int maxQueuedJobs(Source source) {
    String value = source.find(SettingKeys.QUEUE_MAX_JOBS);
    if (value == null) {
      return DEFAULT_MAX_QUEUED_JOBS;
    }
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException notANumber) {
      throw new SettingsException(notAQueue(value), notANumber);
    }
  }

  private static List<String> firstUse(@Nullable String value) {
    if (value == null) {
      return FirstUsePolicy.DEFAULT;
    }
    if (value.equals(NO_FIRST_USE)) {
      return List.of();
    }
    List<String> entries = List.of(value.split(","));
    for (String entry : entries) {
      if (!FirstUsePolicy.valid(entry)) {
        throw new SettingsException(
            SettingKeys.IMAGES_FIRST_USE
                + " has "
                + entry
                + ", must be none, or a list with commas of "
                + FirstUsePolicy.RECIPES
                + " and registries or repositories that end in a slash, such as docker.io/library/");
      }
    }
    return entries;
  }

  private static String notAQueue(String value) {
    return SettingKeys.QUEUE_MAX_JOBS
        + " is "
        + value
        + ", must be a number of jobs: 1 to "
        + MOST_QUEUED_JOBS;
  }

  private static String notAPort(String key, String value) {
    return key + " is " + value + ", must be a port: 0 to " + MAX_PORT;
  }

  private static void requireLoopback(String key, InetAddress address) {
    if (!address.isLoopbackAddress()) {
      throw new SettingsException(
          key
              + " is "
              + address.getHostAddress()
              + ", which other machines can reach, but Mayfly does not speak TLS yet: tokens and"
              + " logs would cross the network in the clear. Use 127.0.0.1, and a TLS proxy or an"
              + " SSH tunnel in front of it.");
    }
  }
}
