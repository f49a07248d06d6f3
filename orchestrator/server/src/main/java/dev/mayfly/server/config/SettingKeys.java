package dev.mayfly.server.config;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Every setting of every Mayfly program ({@code ops/docs/configuration.md}): they share one
 * environment, so what another program reads is not unknown here.
 */
final class SettingKeys {
  static final String HOME = "mayfly.home";
  static final String HTTP_ADDRESS = "mayfly.http.address";
  static final String HTTP_PORT = "mayfly.http.port";
  static final String GRPC_ADDRESS = "mayfly.grpc.address";
  static final String GRPC_PORT = "mayfly.grpc.port";
  static final String DATABASE_URL = "mayfly.database.url";
  static final String DATABASE_USER = "mayfly.database.user";
  static final String DATABASE_PASSWORD_FILE = "mayfly.database.password-file";
  static final String QUEUE_MAX_JOBS = "mayfly.queue.max-jobs";
  static final String IMAGES_FIRST_USE = "mayfly.images.first-use";
  static final String BLOBS_DIRECTORY = "mayfly.blobs.directory";
  static final String BLOBS_MAX_BYTES = "mayfly.blobs.max-bytes";
  static final String S3_BUCKET = "mayfly.blobs.s3.bucket";
  static final String S3_ENDPOINT = "mayfly.blobs.s3.endpoint";
  static final String S3_REGION = "mayfly.blobs.s3.region";
  static final String S3_PREFIX = "mayfly.blobs.s3.prefix";
  static final String S3_ACCESS_KEY_FILE = "mayfly.blobs.s3.access-key-file";
  static final String S3_PATH_STYLE = "mayfly.blobs.s3.path-style";

  /** What makes no sense without a bucket. */
  static final List<String> S3 =
      List.of(S3_ENDPOINT, S3_REGION, S3_PREFIX, S3_ACCESS_KEY_FILE, S3_PATH_STYLE);

  private static final List<String> ALL =
      List.of(
          HOME,
          HTTP_ADDRESS,
          HTTP_PORT,
          GRPC_ADDRESS,
          GRPC_PORT,
          DATABASE_URL,
          DATABASE_USER,
          DATABASE_PASSWORD_FILE,
          QUEUE_MAX_JOBS,
          IMAGES_FIRST_USE,
          BLOBS_DIRECTORY,
          BLOBS_MAX_BYTES,
          S3_BUCKET,
          S3_ENDPOINT,
          S3_REGION,
          S3_PREFIX,
          S3_ACCESS_KEY_FILE,
          S3_PATH_STYLE,
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

  private SettingKeys() {}

  static String environmentName(String key) {
    return key.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
  }

  /**
   * @throws SettingsException for an unknown {@code mayfly.*} system property
   */
  static void checkProperty(String name) {
    if (name.startsWith("mayfly.") && !ALL.contains(name)) {
      throw new SettingsException(
          "Unknown setting " + name + ". Did you mean " + nearest(name, ALL) + "?");
    }
  }

  /**
   * @throws SettingsException for an unknown {@code MAYFLY_*} environment variable
   */
  static void checkEnvironment(String name) {
    List<String> names = ALL.stream().map(SettingKeys::environmentName).toList();
    if (name.startsWith("MAYFLY_") && !names.contains(name)) {
      throw new SettingsException(
          "Unknown setting " + name + ". Did you mean " + nearest(name, names) + "?");
    }
  }

  private static String nearest(String name, List<String> known) {
    return known.stream().min(Comparator.comparingInt(key -> distance(name, key))).orElseThrow();
  }

  /** Levenshtein distance. */
  private static int distance(String left, String right) {
    int[] row = new int[right.length() + 1];
    for (int j = 0; j <= right.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= left.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= right.length(); j++) {
        int replaced = diagonal + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[right.length()];
  }
}
