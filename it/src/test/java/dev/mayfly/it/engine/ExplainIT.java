package dev.mayfly.it.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.Shape;
import dev.mayfly.it.fleet.Deployment;
import dev.mayfly.it.fleet.Deployment.Finished;
import dev.mayfly.it.fleet.DirectoryTree;
import dev.mayfly.it.fleet.WorkerPlan;
import dev.mayfly.it.scenario.Images;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@code mayfly explain} says of jobs that are stuck for different causes. */
class ExplainIT {
  private static final Duration FRESH = Duration.ofSeconds(10);

  private final List<String> running = new ArrayList<>();

  @Test
  void aStuckJobSaysWhyForEveryCause() throws Exception {
    Path images = Images.directory();
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "mayfly-it-");
    List<WorkerPlan> workers =
        List.of(
            new WorkerPlan("anna", true, new Shape(2, 1024, 4096)),
            new WorkerPlan("bert", true, new Shape(2, 2048, 4096)));
    try (Deployment deployment = Deployment.start(directory, images, 1, workers)) {
      deployment.publish(images, Images.DEBIAN);
      everyCause(deployment);
      running.forEach(job -> run(deployment, "cancel", job));
    }
    DirectoryTree.remove(directory);
  }

  private void everyCause(Deployment deployment) throws Exception {
    run(deployment, "project", "set", "ci", "--max-active", "1");
    submit(deployment, "--project", "ci", "--label", "host=anna");
    explained(
        deployment,
        "the project is at its cap",
        List.of("--project", "ci"),
        "project cap 1/1 reached");

    submit(deployment, "--label", "host=bert", "--memory", "1536M");
    explained(
        deployment,
        "every worker is busy",
        List.of("--cpus", "1", "--memory", "768M"),
        "anna: needs 768 MiB, 512 free",
        "bert: needs 768 MiB, 512 free");

    run(deployment, "worker", "drain", "bert");
    explained(
        deployment,
        "the only worker with the label drains",
        List.of("--label", "host=bert", "--memory", "256M"),
        "bert: draining");
    run(deployment, "worker", "resume", "bert");

    run(deployment, "worker", "quarantine", "bert", "--reason", "the disk makes noises");
    explained(
        deployment,
        "the only worker with the label is quarantined",
        List.of("--label", "host=bert", "--memory", "256M"),
        "bert: quarantined",
        "the disk makes noises");
    run(deployment, "worker", "resume", "bert");

    explained(
        deployment, "no worker has the label", List.of("--label", "gpu"), "can never run", "gpu");
    explained(
        deployment,
        "no worker is large enough",
        List.of("--memory", "64G"),
        "can never run",
        "65536 MiB");
    String digest = "sha256:" + "c".repeat(64);
    run(
        deployment,
        "image-publish",
        "arm:1",
        "--digest",
        digest,
        "--architecture",
        "aarch64",
        "--size",
        "1");
    explainedOf(
        deployment,
        "no worker has the architecture",
        "arm:1",
        List.of(),
        "can never run",
        "aarch64");
    run(
        deployment,
        "image-publish",
        "new:1",
        "--digest",
        digest,
        "--architecture",
        "x86_64",
        "--size",
        "1");
    explainedOf(deployment, "no worker has the image", "new:1", List.of(), "new:1");
  }

  private void explained(
      Deployment deployment, String cause, List<String> options, String... expected)
      throws Exception {
    explainedOf(deployment, cause, Images.DEBIAN, options, expected);
  }

  private void explainedOf(
      Deployment deployment, String cause, String image, List<String> options, String... expected)
      throws Exception {
    String job = submitOf(deployment, image, options);
    String[] said = {""};
    long begin = System.nanoTime();
    deployment.await(
        cause + " is explained as " + Arrays.toString(expected),
        FRESH,
        () -> {
          said[0] = run(deployment, "explain", job);
          return Arrays.stream(expected).allMatch(said[0]::contains);
        });
    System.out.printf(
        "--- %s (mayfly run %s), said %d ms after the submission%n%s",
        cause, String.join(" ", options), (System.nanoTime() - begin) / 1_000_000, said[0]);
    String listed = run(deployment, "ps");
    assertThat(listed).contains(job).contains("waits: ");
    run(deployment, "cancel", job);
  }

  private void submit(Deployment deployment, String... options) throws Exception {
    String job = submitOf(deployment, Images.DEBIAN, List.of(options));
    running.add(job);
    deployment.await(
        "job " + job + " is on a worker",
        Duration.ofSeconds(60),
        () -> run(deployment, "show", job, "--json").contains("\"ACTIVE\""));
  }

  private static String submitOf(Deployment deployment, String image, List<String> options) {
    List<String> command = new ArrayList<>(List.of("run", "--detach", "--image", image));
    command.addAll(List.of("--scratch", "256M"));
    command.addAll(options);
    command.addAll(List.of("--workdir", "/tmp", "--", "sleep", "600"));
    return run(deployment, command.toArray(String[]::new)).strip();
  }

  private static String run(Deployment deployment, String... arguments) {
    try {
      Finished finished = deployment.mayfly(0, arguments);
      if (finished.code() != 0) {
        throw new IllegalStateException(Arrays.toString(arguments) + ": " + finished);
      }
      return finished.stdout();
    } catch (java.io.IOException failed) {
      throw new java.io.UncheckedIOException(failed);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(stopped);
    }
  }
}
