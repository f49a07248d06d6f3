package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.BundleVerifier;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.tree.LayerFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Kills a build with SIGKILL wherever it stands. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class KilledBuildIT {
  private static final int POINTS = 10;

  @TempDir Path directory;

  @Test
  void aBuildKilledAtTenPointsLeavesAStoreInWhichTheNextOneSucceeds() throws Exception {
    assumeTrue(
        Tool.MKFS_EROFS.isPresent(new Commands(System.getenv()).path()),
        "mkfs.erofs is not installed");
    Path tarball = tarball();
    Path images = Files.createDirectories(directory.resolve("images"));
    // The first point is before everything and the last after the end, so both are not counted.
    long whole = build(images, tarball, Long.MAX_VALUE);
    Sha256 expected = BundleStore.open(images).find(SampleBuild.NAME).orElseThrow().digest();
    int killed = 0;
    for (int point = 1; point <= POINTS; point++) {
      Path store = Files.createDirectories(directory.resolve("images-" + point));
      if (build(store, tarball, whole * point / (POINTS + 1)) < 0) {
        killed++;
      }
      assertNothingHalfDoneCanBeBooted(store, expected);

      BootBundle next = SampleBuild.of(store, new TarSource(tarball, System.in), Progress.silent());

      assertThat(next.digest()).as("after point " + point).isEqualTo(expected);
      new BundleVerifier().verify(next);
      assertThat(store.resolve("work")).doesNotExist();
      assertThat(names(store.resolve("bundles"))).hasSize(1);
    }
    assertThat(killed).as("builds killed before their end").isGreaterThanOrEqualTo(POINTS - 2);
  }

  private static void assertNothingHalfDoneCanBeBooted(Path images, Sha256 expected)
      throws IOException {
    BundleStore store = BundleStore.open(images);
    for (BootBundle bundle : store.list()) {
      assertThat(bundle.digest()).isEqualTo(expected);
      new BundleVerifier().verify(bundle);
    }
    for (Sha256 named : store.names().values()) {
      assertThat(store.find(named)).isPresent();
    }
  }

  private static List<String> names(Path path) throws IOException {
    try (Stream<Path> entries = Files.list(path)) {
      return entries.map(entry -> entry.getFileName().toString()).toList();
    }
  }

  /**
   * Counts from the build's first word, for a JVM takes its time to start.
   *
   * @param killAfter nanoseconds
   * @return how long it took, or -1 when it was killed
   */
  private static long build(Path images, Path tarball, long killAfter) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                SampleBuild.class.getName(),
                images.toString(),
                tarball.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader out = new BufferedReader(process.inputReader(StandardCharsets.UTF_8))) {
      assertThat(out.readLine()).startsWith("started ");
      long start = System.nanoTime();
      if (!process.waitFor(Math.min(killAfter, 60_000_000_000L), TimeUnit.NANOSECONDS)) {
        process.destroyForcibly().waitFor();
        return -1;
      }
      assertThat(out.lines().toList().getLast()).startsWith("published sha256:");
      return System.nanoTime() - start;
    }
  }

  /** Such that every step takes some time. */
  private Path tarball() throws IOException {
    Random random = new Random(5);
    LayerFile tar = new LayerFile();
    for (int file = 0; file < 2_000; file++) {
      byte[] content = new byte[random.nextInt(20_000)];
      random.nextBytes(content);
      tar.file("d" + file % 50 + "/f" + file, content);
    }
    return Files.write(directory.resolve("system.tar"), tar.bytes());
  }
}
