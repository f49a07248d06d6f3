package dev.mayfly.server.config;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Where the files of bundles are kept.
 *
 * @param directory of the file store; unused with S3
 * @param maxBytes the largest blob that is taken, 1 MiB to {@value #MOST_BYTES}
 * @param s3 null: files
 */
public record BlobSettings(Path directory, long maxBytes, @Nullable S3 s3) {
  public static final long DEFAULT_MAX_BYTES = 64L << 30;
  static final long MOST_BYTES = 1L << 42;
  private static final long LEAST_BYTES = 1 << 20;
  private static final String DEFAULT_REGION = "us-east-1";
  private static final int MAX_KEY_FILE = 4096;

  public BlobSettings {
    if (maxBytes < LEAST_BYTES || maxBytes > MOST_BYTES) {
      throw new SettingsException(
          SettingKeys.BLOBS_MAX_BYTES
              + " is "
              + maxBytes
              + ", must be a number of bytes: "
              + LEAST_BYTES
              + " to "
              + MOST_BYTES);
    }
  }

  /** Files in the images directory of a home, with the usual limit. */
  public static BlobSettings in(Path home) {
    return new BlobSettings(home.resolve("images"), DEFAULT_MAX_BYTES, null);
  }

  /**
   * A bucket of an S3 service.
   *
   * @param endpoint null: Amazon's own of the region
   * @param prefix of all keys; empty, or ending in a slash
   * @param accessKey null: from where the service's own tools take it
   * @param pathStyle the bucket is in the path, not in the host name
   */
  public record S3(
      @Nullable URI endpoint,
      String region,
      String bucket,
      String prefix,
      @Nullable AccessKey accessKey,
      boolean pathStyle) {}

  /** An access key; its text form holds no secret. */
  public record AccessKey(String id, String secret) {
    @Override
    public String toString() {
      return "AccessKey[" + id + "]";
    }
  }

  static BlobSettings read(Function<String, @Nullable String> find, Path home) {
    String directory = find.apply(SettingKeys.BLOBS_DIRECTORY);
    return new BlobSettings(
        directory == null ? home.resolve("images") : path(SettingKeys.BLOBS_DIRECTORY, directory),
        maxBytes(find.apply(SettingKeys.BLOBS_MAX_BYTES)),
        s3(find));
  }

  private static Path path(String key, String value) {
    try {
      return Path.of(value).toAbsolutePath().normalize();
    } catch (InvalidPathException invalid) {
      throw new SettingsException(key + " is not a path: " + value, invalid);
    }
  }

  private static long maxBytes(@Nullable String value) {
    if (value == null) {
      return DEFAULT_MAX_BYTES;
    }
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException notANumber) {
      throw new SettingsException(
          SettingKeys.BLOBS_MAX_BYTES + " is " + value + ", must be a number of bytes", notANumber);
    }
  }

  private static @Nullable S3 s3(Function<String, @Nullable String> find) {
    String bucket = find.apply(SettingKeys.S3_BUCKET);
    if (bucket == null) {
      for (String key : SettingKeys.S3) {
        if (find.apply(key) != null) {
          throw new SettingsException(
              key + " is set, but not " + SettingKeys.S3_BUCKET + ": set both or neither");
        }
      }
      return null;
    }
    String endpoint = find.apply(SettingKeys.S3_ENDPOINT);
    String region = find.apply(SettingKeys.S3_REGION);
    String prefix = find.apply(SettingKeys.S3_PREFIX);
    String keyFile = find.apply(SettingKeys.S3_ACCESS_KEY_FILE);
    return new S3(
        endpoint == null ? null : endpoint(endpoint),
        region == null ? DEFAULT_REGION : region,
        bucket,
        prefix == null || prefix.endsWith("/") ? (prefix == null ? "" : prefix) : prefix + "/",
        keyFile == null ? null : accessKey(path(SettingKeys.S3_ACCESS_KEY_FILE, keyFile)),
        truth(SettingKeys.S3_PATH_STYLE, find.apply(SettingKeys.S3_PATH_STYLE)));
  }

  private static URI endpoint(String value) {
    try {
      URI uri = URI.create(value);
      if (Set.of("http", "https").contains(String.valueOf(uri.getScheme()))
          && uri.getHost() != null) {
        return uri;
      }
    } catch (IllegalArgumentException notAUri) {
      throw new SettingsException(notAnEndpoint(value), notAUri);
    }
    throw new SettingsException(notAnEndpoint(value));
  }

  private static String notAnEndpoint(String value) {
    return SettingKeys.S3_ENDPOINT + " is " + value + ", must be https://host[:port]";
  }

  private static boolean truth(String key, @Nullable String value) {
    if (value == null || value.equals("false")) {
      return false;
    }
    if (value.equals("true")) {
      return true;
    }
    throw new SettingsException(key + " is " + value + ", must be true or false");
  }

  /** Two lines: the key's id and the secret. */
  private static AccessKey accessKey(Path file) {
    try {
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
      if (mode.contains(PosixFilePermission.GROUP_READ)
          || mode.contains(PosixFilePermission.OTHERS_READ)) {
        throw new SettingsException(
            SettingKeys.S3_ACCESS_KEY_FILE + " " + file + " can be read by others: chmod 600 it");
      }
      if (Files.size(file) > MAX_KEY_FILE) {
        throw new SettingsException(notAKeyFile(file));
      }
      List<String> lines = Files.readAllLines(file).stream().filter(s -> !s.isBlank()).toList();
      if (lines.size() != 2) {
        throw new SettingsException(notAKeyFile(file));
      }
      return new AccessKey(lines.getFirst().strip(), lines.getLast().strip());
    } catch (IOException unreadable) {
      throw new SettingsException(
          SettingKeys.S3_ACCESS_KEY_FILE + " " + file + " cannot be read", unreadable);
    }
  }

  private static String notAKeyFile(Path file) {
    return SettingKeys.S3_ACCESS_KEY_FILE
        + " "
        + file
        + " does not hold two lines: the access key's id and its secret";
  }
}
