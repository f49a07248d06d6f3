package dev.mayfly.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BlobSettingsTest {
  @TempDir Path directory;

  private final Map<String, String> set = new HashMap<>();
  private Path keyFile = Path.of("unset");

  @BeforeEach
  void writeKey() throws IOException {
    keyFile = Files.writeString(directory.resolve("key"), "id\nsecret\n");
    Files.setPosixFilePermissions(keyFile, PosixFilePermissions.fromString("rw-------"));
  }

  private BlobSettings read() {
    return BlobSettings.read(set::get, directory);
  }

  @Test
  void filesInTheHomeAreTheDefault() {
    assertThat(read()).isEqualTo(BlobSettings.in(directory));
    set.put("mayfly.blobs.directory", "/srv/blobs");
    set.put("mayfly.blobs.max-bytes", "1048576");
    assertThat(read()).isEqualTo(new BlobSettings(Path.of("/srv/blobs"), 1 << 20, null));
  }

  @Test
  void aBucketMeansS3() {
    set.put("mayfly.blobs.s3.bucket", "images");
    assertThat(read().s3())
        .isEqualTo(new BlobSettings.S3(null, "us-east-1", "images", "", null, false));
    set.put("mayfly.blobs.s3.endpoint", "https://minio.example:9000");
    set.put("mayfly.blobs.s3.region", "eu-central-1");
    set.put("mayfly.blobs.s3.prefix", "mayfly");
    set.put("mayfly.blobs.s3.access-key-file", keyFile.toString());
    set.put("mayfly.blobs.s3.path-style", "true");
    BlobSettings read = read();
    assertThat(read.s3())
        .isEqualTo(
            new BlobSettings.S3(
                URI.create("https://minio.example:9000"),
                "eu-central-1",
                "images",
                "mayfly/",
                new BlobSettings.AccessKey("id", "secret"),
                true));
    assertThat(read.toString()).doesNotContain("secret");
  }

  @Test
  void aKeyThatOthersCanReadIsRefused() throws IOException {
    Files.setPosixFilePermissions(keyFile, PosixFilePermissions.fromString("rw-r-----"));
    set.put("mayfly.blobs.s3.bucket", "images");
    set.put("mayfly.blobs.s3.access-key-file", keyFile.toString());
    assertThatThrownBy(this::read)
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("600");
  }

  @ParameterizedTest
  @CsvSource({
    "mayfly.blobs.max-bytes, many, a number of bytes",
    "mayfly.blobs.max-bytes, 5, 1048576 to",
    "mayfly.blobs.s3.region, x, mayfly.blobs.s3.bucket",
  })
  void aWrongSettingIsRefusedByName(String key, String value, String message) {
    set.put(key, value);
    assertThatThrownBy(this::read)
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining(key)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource({
    "mayfly.blobs.s3.endpoint, ftp://x",
    "mayfly.blobs.s3.endpoint, nonsense here",
    "mayfly.blobs.s3.path-style, perhaps",
    "mayfly.blobs.s3.access-key-file, /nowhere/key",
  })
  void aWrongSettingOfABucketIsRefusedByName(String key, String value) {
    set.put("mayfly.blobs.s3.bucket", "images");
    set.put(key, value);
    assertThatThrownBy(this::read).isInstanceOf(SettingsException.class).hasMessageContaining(key);
  }
}
