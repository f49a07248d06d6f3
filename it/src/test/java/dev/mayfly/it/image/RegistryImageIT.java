package dev.mayfly.it.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.Shape;
import dev.mayfly.it.fleet.Deployment.Finished;
import dev.mayfly.it.fleet.WorkerPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * A user names an image of a registry and nothing else: from the first use of the name to a tag
 * that moves under a running job. The methods tell one story, in their order.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RegistryImageIT {
  private static final Duration SOON = Duration.ofSeconds(120);

  private static ImageFleet fleet;
  private static LoopbackRegistry registry;
  private static AppImage app;
  private static String image;

  @BeforeAll
  static void start() throws Exception {
    fleet = ImageFleet.prepare();
    registry = LoopbackRegistry.start(fleet.directory().resolve("registry"), Optional.empty());
    app = new AppImage(fleet.directory().resolve("app"));
    app.greet("version 1");
    app.push(registry, "1");
    image = registry.host() + "/app:1";
    fleet.start(
        Map.of("MAYFLY_IMAGES_FIRST_USE", registry.host() + "/"),
        List.of(
            new WorkerPlan("real", false, new Shape(2, 1024, 4096))
                .withImages(fleet.images())
                .with("MAYFLY_WORKER_BUILDER", fleet.builder().toString())));
  }

  @AfterAll
  static void stop() throws Exception {
    if (registry != null) {
      registry.close();
    }
    if (fleet != null) {
      System.out.println(fleet.logs());
      fleet.close();
    }
  }

  @Test
  @Order(1)
  void theFirstUseOfANameBuildsItAndTheJobSaysWhatItWaitsFor() throws Exception {
    Finished job = fleet.mayfly("run", "--image", image);

    assertThat(job.code()).as(job + fleet.logs()).isZero();
    assertThat(job.stdout()).isEqualTo("hello from version 1 as app in /srv with by default\n");
    assertThat(job.stderr()).contains("mayfly: waiting: ").contains("is being built");
    assertThat(fleet.must("image", "ls")).contains(image, "registry:" + image);
  }

  @Test
  @Order(2)
  void anotherJobRunsInItWithoutABuildAsTheImageSaysUnlessItSaysOtherwise() throws Exception {
    String script = "echo $GREETING; busybox id -u; busybox pwd";
    Finished job = fleet.mayfly("run", "--image", image, "--", "/bin/busybox", "sh", "-c", script);
    assertThat(job.stdout()).as(job + fleet.logs()).isEqualTo("hello\n1000\n/srv\n");
    assertThat(job.stderr()).doesNotContain("built");

    Finished other =
        fleet.mayfly(
            "run",
            "--image",
            image,
            "--user",
            "root",
            "--workdir",
            "/tmp",
            "-e",
            "GREETING=hi",
            "--",
            "/bin/busybox",
            "sh",
            "-c",
            script);
    assertThat(other.stdout()).as(other + fleet.logs()).isEqualTo("hi\n0\n/tmp\n");
    assertThat(versions()).isEqualTo(1);
  }

  @Test
  @Order(3)
  void aTagThatMovedSwapsTheNameAndLeavesWhatRunsAlone() throws Exception {
    String session = fleet.must("session", "start", "--image", image).strip();
    app.greet("version 2");
    app.push(registry, "1");

    fleet.askForBuild(image);
    await().atMost(SOON).until(() -> versions() == 2);

    assertThat(fleet.must("exec", session, "--", "/bin/busybox", "sh", "/srv/greet", "old"))
        .isEqualTo("hello from version 1 as app in /srv with old\n");
    fleet.must("session", "release", session);
    assertThat(fleet.must("run", "--image", image))
        .isEqualTo("hello from version 2 as app in /srv with by default\n");
    assertThat(fleet.must("image", "history", image)).contains("requested", "first use");
  }

  @Test
  @Order(4)
  void anImageThatLeadsOutOfItsRootEndsTheJobWithTheReason() throws Exception {
    app.pushHostile(registry, "1");

    Finished job = fleet.mayfly("run", "--image", registry.host() + "/hostile:1", "--", "/bin/sh");

    assertThat(job.code()).as(job + fleet.logs()).isEqualTo(123);
    assertThat(job.stderr()).contains("IMAGE_REFUSED").contains("../../../../tmp/mayfly-evil");
    assertThat(Files.exists(Path.of("/tmp/mayfly-evil"))).isFalse();
    assertThat(fleet.must("image", "ls")).doesNotContain("hostile");
  }

  @Test
  @Order(5)
  void aNameNobodyMayBuildIsRefusedAtOnce() throws Exception {
    Finished job = fleet.mayfly("run", "--image", "localhost:1/other:1", "--", "/bin/sh");

    assertThat(job.code()).isEqualTo(120);
    assertThat(job.stderr()).contains("localhost:1/other:1");
  }

  private static int versions() throws Exception {
    return fleet.must("image", "history", image).lines().toList().size() - 1;
  }
}
