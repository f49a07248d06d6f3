package dev.mayfly.worker.daemon.images;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.BundleVerifier;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Kills a process with SIGKILL in the middle of a pull; the next one goes on. */
class KilledPullIT {
  @TempDir Path root;

  @ParameterizedTest
  @Timeout(value = 120, unit = TimeUnit.SECONDS)
  @CsvSource({
    "MANIFEST,0",
    "BLOB_BEGUN,0",
    "PIECE,0",
    "PIECE,2",
    "BLOB_RECEIVED,0",
    "BLOB_STORED,0",
    "BLOB_BEGUN,1",
    "PIECE,7",
    "BLOB_RECEIVED,2",
    "BLOB_STORED,3",
    "FETCHED,0",
    "ASSEMBLED,0"
  })
  void aPullThatIsKilledLeavesACacheThatWorksAndGoesOn(PullObserver.Point point, int passed)
      throws Exception {
    var world = new PulledBundles(root);
    var bundle = world.served("debian:12", "one");
    killedAt(point, passed, bundle.digest().toString());

    var cache = world.open();
    cache.refresh();
    for (var ready : cache.ready()) {
      assertThat(ready).isEqualTo(PulledBundles.digest(bundle));
    }
    int before = world.source().sent();
    cache.acquire(PulledBundles.digest(bundle), new Told()).close();

    var store = BundleStore.open(world.cache());
    new BundleVerifier().verify(store.find(bundle.digest()).orElseThrow());
    assertThat(store.list()).hasSize(1);
    // What the killed one had whole, or in part, did not come again.
    if (point != PullObserver.Point.MANIFEST
        && !(point == PullObserver.Point.BLOB_BEGUN && passed == 0)) {
      assertThat(world.source().sent() - before).isLessThan((int) bundle.size());
    }
    if (point == PullObserver.Point.FETCHED || point == PullObserver.Point.ASSEMBLED) {
      assertThat(world.source().sent()).isEqualTo(before);
    }
  }

  private void killedAt(PullObserver.Point point, int passed, String digest) throws Exception {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                KilledPuller.class.getName(),
                root.toString(),
                digest,
                point.name(),
                Integer.toString(passed))
            .redirectErrorStream(true)
            .start();
    try (var output = process.inputReader()) {
      String line = output.readLine();
      while (line != null && !line.equals("reached") && !line.equals("pulled")) {
        line = output.readLine();
      }
      assertThat(line).isEqualTo("reached");
    } finally {
      // SIGKILL.
      process.destroyForcibly();
      process.waitFor();
    }
  }
}
