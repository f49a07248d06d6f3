package dev.mayfly.image.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayerCacheTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

  @TempDir Path directory;
  private LayerCache cache;

  @BeforeEach
  void open() throws IOException {
    cache = new LayerCache(directory.resolve("layers"), 10);
  }

  @Test
  void whatWasKeptIsFoundAgain() throws Exception {
    Sha256 kept = keep("four", Duration.ZERO);

    assertThat(cache.find(kept, 4)).isPresent();
    assertThat(new LayerCache(directory.resolve("layers"), 10).find(kept, 4)).isPresent();
    assertThat(cache.find(Sha256.of(bytes("other")), 5)).isEmpty();
  }

  @Test
  void whatIsNotWhatItsNameSaysIsRemoved() throws Exception {
    Sha256 kept = keep("four", Duration.ZERO);
    Path file = cache.find(kept, 4).orElseThrow();
    Files.writeString(file, "five");

    assertThat(cache.find(kept, 4)).isEmpty();
    assertThat(file).doesNotExist();
  }

  @Test
  void whatWasUsedLongestAgoGoesFirstAndWhatIsNeededStays() throws Exception {
    Sha256 oldest = keep("oldest", Duration.ofHours(3));
    Sha256 older = keep("older", Duration.ofHours(2));
    Sha256 young = keep("young", Duration.ofHours(1));

    cache.trim(Set.of(oldest), NOW);

    assertThat(cache.find(oldest, 6)).isPresent();
    assertThat(cache.find(older, 5)).isEmpty();
    assertThat(cache.find(young, 5)).isEmpty();
  }

  @Test
  void aDownloadNobodyWentOnWithGoes() throws Exception {
    Path left = Files.writeString(cache.part(Sha256.of(bytes("a"))), "x");
    Path going = Files.writeString(cache.part(Sha256.of(bytes("b"))), "x");
    Files.setLastModifiedTime(left, FileTime.from(NOW.minus(Duration.ofDays(3))));
    Files.setLastModifiedTime(going, FileTime.from(NOW));

    cache.trim(Set.of(), NOW);

    assertThat(left).doesNotExist();
    assertThat(going).exists();
  }

  @Test
  void aDocumentKeepsItsType() throws Exception {
    byte[] bytes = bytes("{\n}");
    cache.keep(new RegistryClient.Document("a/type", Sha256.of(bytes), bytes));

    RegistryClient.Document found = cache.document(Sha256.of(bytes)).orElseThrow();
    assertThat(found.mediaType()).isEqualTo("a/type");
    assertThat(found.bytes()).isEqualTo(bytes);
    assertThat(cache.document(Sha256.of(bytes("other")))).isEmpty();
  }

  private Sha256 keep(String content, Duration unused) throws IOException {
    Sha256 digest = Sha256.of(bytes(content));
    Files.writeString(cache.part(digest), content);
    Path kept = cache.keep(digest);
    Files.setLastModifiedTime(kept, FileTime.from(NOW.minus(unused)));
    return digest;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
