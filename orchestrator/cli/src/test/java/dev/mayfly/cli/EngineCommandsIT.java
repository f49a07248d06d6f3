package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.ExplanationView;
import dev.mayfly.api.rest.ExplanationView.ReasonView;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.client.fake.FakeJob;
import dev.mayfly.client.fake.FakeOrchestrator;
import dev.mayfly.client.fake.FakeOrchestrator.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Explaining, attempts, drain and quotas, against a faithful orchestrator over loopback. */
@Timeout(60)
class EngineCommandsIT {
  private static final ExplanationView FULL =
      new ExplanationView(
          "2026-11-22T00:00:00.000000Z",
          false,
          1,
          List.of(
              new ReasonView("BUSY", "a", 1, "needs 4096 MiB, 1024 free"),
              new ReasonView("DRAINING", "b", 1, "draining")),
          "worker a: needs 4096 MiB, 1024 free · worker b: draining");

  private final CountDownLatch mayEnd = new CountDownLatch(1);
  private final FakeOrchestrator fake;
  private Script script = job -> job.exits(0);

  EngineCommandsIT() throws IOException {
    fake = new FakeOrchestrator(job -> script.live(job));
  }

  @AfterEach
  void stop() {
    mayEnd.countDown();
    fake.close();
  }

  @Test
  void whereWhenAndHowOftenReachTheRequestAndSoDoSecrets(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("token"), "from a file\n");
    Shell shell = shell();
    shell.environment.put("MINE", "from me");
    int code =
        shell.run(
            "run",
            "--image",
            "debian:12",
            "--secret",
            "MINE",
            "--secret",
            "FILED=@" + file,
            "--project",
            "ci",
            "--priority",
            "high",
            "--label",
            "gpu",
            "--label",
            "mayfly-4cpu-8gb",
            "--queue-timeout",
            "10m",
            "--max-attempts",
            "5",
            "--log-limit",
            "1G",
            "--",
            "x");
    assertThat(code).isZero();
    assertThat(fake.jobs().get(0).request())
        .isEqualTo(
            new JobRequest(
                "debian:12",
                List.of("x"),
                null,
                null,
                null,
                null,
                null,
                null,
                Map.of("MINE", "from me", "FILED", "from a file"),
                null,
                "ci",
                "HIGH",
                List.of("gpu", "mayfly-4cpu-8gb"),
                600,
                5,
                1L << 30));
  }

  @Test
  void aWaitingJobIsExplainedWorkerByWorker() {
    script = job -> job.waits(FULL);
    FakeJob job = submitted();
    await().until(() -> run("ps").stdout.text().contains("waits:"));
    assertThat(run("explain", job.id()).stdout.text())
        .isEqualTo(
            """
            worker a: needs 4096 MiB, 1024 free
            worker b: draining
            1 job of its project before it
            """);
    assertThat(run("explain", "--json", job.id()).stdout.text()).contains("\"rule\":\"BUSY\"");
  }

  @Test
  void psSaysWhyAJobWaitsAsFarAsTheTerminalIsWide() {
    script = job -> job.waits(FULL);
    submitted();
    await().until(() -> run("ps").stdout.text().contains(FULL.text()));
    Shell narrow = shell();
    narrow.environment.put("COLUMNS", "30");
    assertThat(narrow.run("ps")).isZero();
    assertThat(narrow.stdout.text()).endsWith("\n  waits: worker a: needs 4096…\n");
  }

  @Test
  void explainingIsRepeatedUntilTheJobWaitsNoLonger() throws Exception {
    script =
        job -> {
          job.waits(FULL);
          mayEnd.await();
          job.starts();
        };
    FakeJob job = submitted();
    await().until(() -> run("ps").stdout.text().contains("waits:"));
    Shell watching = shell();
    CompletableFuture<Integer> code =
        CompletableFuture.supplyAsync(() -> watching.run("explain", "--watch", job.id()));
    await().until(() -> watching.stdout.text().contains("worker b: draining"));
    mayEnd.countDown();
    assertThat(code.get(20, TimeUnit.SECONDS)).isZero();
    assertThat(watching.stdout.text())
        .endsWith("\n\njob " + job.id() + " does not wait: it is on worker worker-1\n")
        .containsOnlyOnce("worker b: draining");
  }

  @Test
  void aJobThatEndedIsNotWaitingAndOneThatIsNotThereIsOneLine() {
    FakeJob job = submitted();
    await().until(() -> run("show", job.id()).stdout.text().contains("exited with 0"));
    assertThat(run("explain", job.id()).stdout.text())
        .isEqualTo("job " + job.id() + " does not wait: it has ended: exited with 0\n");
    String none = "01890000-0000-7000-8000-000000000001";
    for (String command : List.of("explain", "attempts")) {
      Shell shell = run(command, none);
      assertThat(shell.stderr.text()).isEqualTo("mayfly: there is no job " + none + "\n");
    }
  }

  @Test
  void aRetriedJobIsFollowedAndEveryAttemptIsListedWithItsLog() {
    script =
        job -> {
          job.starts();
          job.writes(LogStream.STDOUT, "first\n");
          job.isRetriedAfter(FaultCode.WORKER_LOST, "not heard of for 15 s");
          job.starts();
          job.writes(LogStream.STDOUT, "second\n");
          job.exits(0);
        };
    Shell shell = run("run", "--image", "debian:12", "--", "x");
    assertThat(shell.stdout.text()).isEqualTo("first\nsecond\n");
    assertThat(shell.stderr.text()).isEqualTo("mayfly: attempt 1 ended: WORKER_LOST\n");
    String id = fake.jobs().get(0).id();
    List<String> lines = run("attempts", id).stdout.text().lines().toList();
    assertThat(lines).hasSize(3);
    assertThat(lines.get(1))
        .startsWith("1        worker-1  finished")
        .endsWith("WORKER_LOST: not heard of for 15 s");
    assertThat(lines.get(2)).startsWith("2        worker-2  finished").endsWith("exited with 0");
    assertThat(run("show", id).stdout.text())
        .contains("attempts     2, 1 of at most 3 faulted", "1        worker-1  finished");
    assertThat(run("logs", "--attempt", "1", "--stream", "stdout", id).stdout.text())
        .isEqualTo("first\n");
  }

  @Test
  void aWorkerIsDrainedQuarantinedAndResumed() {
    fake.worker("w1", "ONLINE");
    assertThat(run("worker", "drain", "w1").stderr.text())
        .isEqualTo("mayfly: worker w1 is draining\n");
    assertThat(run("worker", "quarantine", "w1", "--reason", "bad disk").stderr.text())
        .isEqualTo("mayfly: worker w1 is quarantined: bad disk\n");
    assertThat(run("workers").stdout.text())
        .contains("online", "quarantined: bad disk", "fast", "gpu,pool=fast");
    assertThat(run("worker", "resume", "w1").stderr.text())
        .isEqualTo("mayfly: worker w1 is accepting\n");
    assertThat(run("worker", "show", "w1").stdout.text()).contains("\"duty\":\"ACCEPTING\"");
    Shell none = shell();
    assertThat(none.run("worker", "drain", "nobody")).isEqualTo(120);
    assertThat(none.stderr.text())
        .isEqualTo("mayfly: there is no worker nobody; mayfly workers lists them\n");
  }

  @Test
  void whatIsNotNamedOfAProjectStays() {
    assertThat(run("project", "set", "ci", "--weight", "3").stdout.text())
        .containsPattern("ci +3 +2 ");
    assertThat(run("project", "set", "ci", "--max-active", "10").stdout.text())
        .containsPattern("ci +3 +2/10 ");
    assertThat(run("project", "set", "ci", "--max-active", "none").stdout.text())
        .containsPattern("ci +3 +2 ");
    assertThat(run("project", "list", "--json").stdout.text())
        .startsWith("[{\"name\":\"ci\",\"weight\":3,");
  }

  @Test
  void limitsAndPoolsAreSetAndShown() {
    assertThat(run("limits", "--max-active", "20").stdout.text()).isEqualTo("RUNNING\n3/20\n");
    assertThat(run("limits", "--json").stdout.text()).contains("\"maxActiveJobs\":20");
    assertThat(run("pool", "set", "fast", "pack").stdout.text()).containsPattern("fast +pack +-");
    assertThat(run("pool", "list").stdout.text()).contains("fast");
  }

  @Test
  void aRefusedChangeIsOneLine() {
    fake.refuseNext(new Problem("urn:x", "The request is wrong", 422, "weight: is 0", List.of()));
    Shell shell = shell();
    assertThat(shell.run("limits", "--max-active", "1")).isEqualTo(120);
    assertThat(shell.stderr.text()).isEqualTo("mayfly: The request is wrong: weight: is 0\n");
  }

  private FakeJob submitted() {
    run("run", "--image", "debian:12", "-d", "--", "x");
    return fake.jobs().get(0);
  }

  private Shell run(String... arguments) {
    Shell shell = shell();
    shell.run(arguments);
    return shell;
  }

  private Shell shell() {
    Shell shell = new Shell();
    shell.environment.put("MAYFLY_URL", fake.url());
    shell.environment.put("MAYFLY_TOKEN", FakeOrchestrator.TOKEN);
    return shell;
  }
}
