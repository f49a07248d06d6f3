package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MinimalKernelTest {
  private static final Sha256 FRAGMENT = Sha256.of("CONFIG_NET=y".getBytes(UTF_8));
  private static final String COMPILER = "gcc 12.2.0; GNU ld 2.40";

  @TempDir Path images;

  @Test
  void eachInputDecidesWhichBuildItIs() {
    Sha256 digest = digest("6.1.1-1", "a", FRAGMENT, COMPILER);

    assertThat(digest).isEqualTo(digest("6.1.1-1", "a", FRAGMENT, COMPILER));
    assertThat(
            List.of(
                digest("6.1.1-2", "a", FRAGMENT, COMPILER),
                digest("6.1.1-1", "b", FRAGMENT, COMPILER),
                digest("6.1.1-1", "a", Sha256.of(new byte[0]), COMPILER),
                digest("6.1.1-1", "a", FRAGMENT, "gcc 13; GNU ld 2.40")))
        .doesNotHaveDuplicates()
        .doesNotContain(digest);
  }

  @Test
  void aBuiltKernelIsTakenWithoutToolsOrNetwork() throws Exception {
    KernelCache cache = KernelCache.open(images);
    Path staged = Files.createDirectory(cache.directory().resolve("staged"));
    Files.writeString(staged.resolve("vmlinux"), "kernel");
    MinimalKernel minimal = minimal(cache);
    cache.publish(
        staged,
        digest("6.1.1-1", "a", FRAGMENT, COMPILER),
        minimal.key(),
        new KernelCache.Description(
            MinimalKernel.FLAVOUR, "6.1.1-mayfly", false, List.of(), List.of(minimal.input())));

    GuestKernel kernel =
        new Kernels(images, nothing(), AptSources.none(), Progress.silent())
            .provide(KernelChoice.MINIMAL, false);

    assertThat(kernel.release()).isEqualTo("6.1.1-mayfly");
    assertThat(kernel.needsAcpi()).isFalse();
    assertThat(kernel.inputs()).contains(minimal.input());
  }

  @Test
  void whatAKilledBuildLeftIsNoKernelAndIsRemovedByTheNext() throws Exception {
    KernelCache cache = KernelCache.open(images);
    Path half = cache.directory().resolve("work-minimal/kernel");
    Files.createDirectories(half);
    Files.writeString(half.resolve("vmlinux"), "half");

    assertThat(cache.list()).isEmpty();
    assertThat(cache.current(minimal(cache).key())).isEmpty();
    try (WorkDirectory work = WorkDirectory.open(cache.directory().resolve("work-minimal"))) {
      assertThat(work.path()).isEmptyDirectory();
    }
    assertThat(cache.directory().resolve("work-minimal")).doesNotExist();
  }

  private static MinimalKernel minimal(KernelCache cache) throws BuildException, IOException {
    return new MinimalKernel(cache, KernelFragment.load(), nothing(), Progress.silent());
  }

  /** A machine on which no program is found. */
  private static Commands nothing() {
    return new Commands(Map.of("PATH", "/nowhere"));
  }

  private static Sha256 digest(String version, String sha256, Sha256 fragment, String compiler) {
    return MinimalKernel.digest(
        new AptDirectory.Candidate("linux-source-6.1", version, sha256), fragment, compiler);
  }
}
