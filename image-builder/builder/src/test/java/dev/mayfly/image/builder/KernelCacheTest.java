package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelCacheTest {
  private static final Sha256 OLD = Sha256.of(new byte[] {1});
  private static final Sha256 NEW = Sha256.of(new byte[] {2});
  private static final Sha256 DEFINITION = Sha256.of(new byte[] {3});

  @TempDir Path images;
  private KernelCache cache;

  @BeforeEach
  void open() throws IOException {
    cache = KernelCache.open(images);
  }

  @Test
  void whatWasPublishedIsFoundByItsInputsAndByItsDefinition() throws Exception {
    publish(OLD, "6.1.1");

    GuestKernel found = KernelCache.open(images).find(OLD).orElseThrow();
    assertThat(found.release()).isEqualTo("6.1.1");
    assertThat(found.vmlinux()).hasContent("6.1.1");
    assertThat(found.modules()).containsExactly("a.ko");
    assertThat(found.inputs()).containsExactly("linux=6.1.1");
    assertThat(cache.current(DEFINITION)).contains(found);
  }

  @Test
  void theLastPublishedIsTheNewestAndTheOtherStays() throws Exception {
    publish(OLD, "6.1.1");
    publish(NEW, "6.1.2");

    assertThat(cache.current(DEFINITION).orElseThrow().release()).isEqualTo("6.1.2");
    assertThat(cache.list()).extracting(GuestKernel::release).containsExactly("6.1.1", "6.1.2");
  }

  @Test
  void publishingTheSameAgainKeepsTheFirst() throws Exception {
    publish(OLD, "6.1.1");
    publish(OLD, "6.1.1");

    assertThat(cache.list()).hasSize(1);
  }

  @Test
  void anUnknownDefinitionHasNoKernel() throws Exception {
    assertThat(cache.current(DEFINITION)).isEmpty();
    assertThat(cache.find(OLD)).isEmpty();
  }

  @Test
  void aPointerToAKernelThatWasRemovedPointsToNone() throws Exception {
    publish(OLD, "6.1.1");
    Path kernel = cache.find(OLD).orElseThrow().directory();
    Files.delete(kernel.resolve("kernel.json"));

    assertThat(cache.current(DEFINITION)).isEmpty();
  }

  @Test
  void aDescriptionThatIsNoneSaysWhatToRemove() throws Exception {
    publish(OLD, "6.1.1");
    Path kernel = cache.find(OLD).orElseThrow().directory();
    Files.writeString(kernel.resolve("kernel.json"), "{");

    assertThatThrownBy(() -> cache.find(OLD)).hasMessageContaining("remove " + kernel);
  }

  private void publish(Sha256 digest, String release) throws IOException {
    Path staged = Files.createDirectory(cache.directory().resolve("staged-" + System.nanoTime()));
    Files.writeString(staged.resolve("vmlinux"), release);
    cache.publish(
        staged,
        digest,
        DEFINITION,
        new KernelCache.Description(
            "test", release, true, List.of("a.ko"), List.of("linux=" + release)));
  }
}
