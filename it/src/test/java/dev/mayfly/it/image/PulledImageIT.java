package dev.mayfly.it.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.Shape;
import dev.mayfly.api.rest.BundleOnWorkerView;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.it.fleet.Deployment.Finished;
import dev.mayfly.it.fleet.WorkerPlan;
import dev.mayfly.it.scenario.Images;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Workers on hosts where nothing was built: they pull what a job asks for from the orchestrator,
 * check it, and boot what they trust. What one test has asked for, other workers fetch in advance;
 * so the methods have an order.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PulledImageIT {
  private static final Duration SOON = Duration.ofSeconds(120);

  /**
   * At this rate debian:12 takes long enough to be interrupted and not too long to be waited for.
   */
  private static final int SLOW_BYTES_PER_SECOND = 8 << 20;

  private static ImageFleet fleet;
  private static Path key;

  @BeforeAll
  static void start() throws Exception {
    fleet = ImageFleet.prepare();
    key = fleet.directory().resolve("signing.pem");
    fleet.build("key", "new", key.toString());
    Path trusted = Files.createDirectory(fleet.directory().resolve("trusted"));
    Files.copy(Path.of(key + ".pub"), trusted.resolve("ours.pem"));
    fleet.start(
        Map.of(),
        List.of(
            new WorkerPlan("real", false, new Shape(1, 1024, 4096)),
            // The way to it is what is in question, and not its guests.
            new WorkerPlan("slow", true, new Shape(1, 1024, 4096)),
            new WorkerPlan("careful", true, new Shape(1, 1024, 4096))
                .with("MAYFLY_WORKER_REQUIRE_SIGNED", "on")
                .with("MAYFLY_WORKER_TRUSTED_KEYS", trusted.toString())));
    fleet.publish(Images.DEBIAN);
  }

  @AfterAll
  static void stop() throws Exception {
    if (fleet != null) {
      System.out.println(fleet.logs());
      fleet.close();
    }
  }

  @Test
  @Order(1)
  void aWorkerWithoutTheImagePullsItTellsSoAndRunsTheJob() throws Exception {
    Finished first = onWorker("real", "echo ran on $(uname -r)");
    assertThat(first.code()).as(first + fleet.logs()).isZero();
    assertThat(first.stdout()).startsWith("ran on 6.");
    assertThat(first.stderr()).contains("mayfly: pulling ").contains("mayfly: pulled ");
    assertThat(cachedOn()).contains("real");

    Finished second = onWorker("real", "echo again");
    assertThat(second.stdout()).isEqualTo("again\n");
    assertThat(second.stderr()).doesNotContain("pull");
  }

  /** What it has fetched counts: it is killed again when a part is there, and goes on from it. */
  @Test
  @Order(2)
  void aWorkerKilledInTheMiddleOfAPullEndsTheJobWellWhenItIsBack() throws Exception {
    fleet.wayOf("slow").slowTo(SLOW_BYTES_PER_SECOND);
    String job =
        fleet
            .must(
                "run",
                "--image",
                Images.DEBIAN,
                "--label",
                "host=slow",
                "--queue-timeout",
                "60s",
                "--workdir",
                "/tmp",
                "-d",
                "--",
                "echo",
                "it")
            .strip();
    for (int kill = 0; kill < 2; kill++) {
      long before = partialBytes();
      await().atMost(SOON).until(() -> partialBytes() > before);
      fleet.worker("slow").kill();
      assertThat(bundlesOf("slow")).isEmpty();
      fleet.worker("slow").start();
    }
    fleet.wayOf("slow").slowTo(Integer.MAX_VALUE);

    Finished ended = fleet.mayfly("wait", job);
    assertThat(ended.code()).as(ended + fleet.logs()).isZero();
    assertThat(fleet.must("logs", "--stream", "stdout", job)).isEqualTo("it\n");
    assertThat(bundlesOf("slow")).hasSize(1);
  }

  @Test
  @Order(3)
  void aWorkerThatTrustsSignedImagesOnlyRefusesTheOthers() throws Exception {
    Finished refused = onWorker("careful", "echo no");
    assertThat(refused.code()).as(refused.toString()).isEqualTo(125);
    assertThat(refused.stderr()).contains("BUNDLE_UNTRUSTED");
    assertThat(refused.stdout()).isEmpty();

    fleet.build("sign", Images.DEBIAN, "--key", key.toString());
    fleet.publish(Images.DEBIAN);

    Finished signed = onWorker("careful", "echo trusted");
    assertThat(signed.code()).as(signed + fleet.logs()).isZero();
    assertThat(signed.stdout()).isEqualTo("trusted\n");
    assertThat(fleet.must("image", "inspect", Images.DEBIAN)).contains("signed by    ");
  }

  @Test
  @Order(4)
  void aSystemWithoutOurAgentPrintsOnItsConsoleAndItsPowerOffEndsTheJob() throws Exception {
    ConsoleSystem system = ConsoleSystem.write(fleet);
    fleet.build("build", "console:1", "--from", system.source());
    fleet.publish("console:1");

    Finished job =
        fleet.mayfly(
            "run", "--image", "console:1", "--label", "host=real", "--queue-timeout", "60s");
    assertThat(job.code()).as(job + fleet.logs()).isZero();
    assertThat(job.stdout()).contains("the console says hello").doesNotContain("after the end");
  }

  private static Finished onWorker(String worker, String script) throws Exception {
    return fleet.mayfly(
        "run",
        "--image",
        Images.DEBIAN,
        "--label",
        "host=" + worker,
        "--max-attempts",
        "1",
        "--queue-timeout",
        "60s",
        // The stand-in for a VMM runs as an ordinary user.
        "--workdir",
        "/tmp",
        "--",
        "sh",
        "-c",
        script);
  }

  private static List<String> cachedOn() throws Exception {
    ImageView image =
        fleet.client().images().stream()
            .filter(view -> view.name().equals(Images.DEBIAN))
            .findFirst()
            .orElseThrow();
    return image.workers().stream()
        .filter(worker -> worker.state().equals("READY"))
        .map(BundleOnWorkerView::worker)
        .toList();
  }

  private static Path imagesOf(String worker) {
    return fleet.homeOf(worker).resolve("worker/images");
  }

  private static long partialBytes() throws IOException {
    Path blobs = imagesOf("slow").resolve("blobs");
    long bytes = 0;
    if (Files.isDirectory(blobs)) {
      try (var partial = Files.newDirectoryStream(blobs)) {
        for (Path file : partial) {
          bytes += Files.size(file);
        }
      }
    }
    return bytes;
  }

  /** Those that a boot could find. */
  private static List<Path> bundlesOf(String worker) throws IOException {
    Path bundles = imagesOf(worker).resolve("bundles");
    if (!Files.isDirectory(bundles)) {
      return List.of();
    }
    try (var all = Files.list(bundles)) {
      return all.filter(path -> path.getFileName().toString().startsWith("sha256-")).toList();
    }
  }
}
