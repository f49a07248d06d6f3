package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.api.rest.ShapeRequest;
import dev.mayfly.client.fake.FakeJob;
import dev.mayfly.client.fake.FakeOrchestrator;
import dev.mayfly.client.fake.FakeOrchestrator.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The commands, in this process, against a faithful orchestrator over loopback. */
@Timeout(60)
class CommandsIT {
  private final Shell shell = new Shell();
  private final CountDownLatch mayEnd = new CountDownLatch(1);
  private final FakeOrchestrator fake;
  private Script script = job -> job.exits(0);

  CommandsIT() throws IOException {
    fake = new FakeOrchestrator(job -> script.live(job));
    shell.environment.put("MAYFLY_URL", fake.url());
    shell.environment.put("MAYFLY_TOKEN", FakeOrchestrator.TOKEN);
  }

  @AfterEach
  void stop() {
    mayEnd.countDown();
    fake.close();
  }

  @Test
  void aJobRunsAndItsExitCodeIsOurs() {
    script =
        job -> {
          job.starts();
          job.writes(LogStream.SYSTEM, "booted in 300 ms\n");
          job.writes(LogStream.STDOUT, "hi\n");
          job.writes(LogStream.STDERR, "oh");
          job.exits(3);
        };
    assertThat(run("sh", "-c", "echo hi; exit 3")).isEqualTo(3);
    assertThat(shell.stdout.text()).isEqualTo("hi\n");
    assertThat(shell.stderr.text()).isEqualTo("mayfly: booted in 300 ms\noh");
  }

  @Test
  void everyOptionReachesTheRequest(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("env"), "F=1\n");
    shell.environment.put("MINE", "m");
    int code =
        shell.run(
            "run",
            "--image",
            "debian:12",
            "--cpus",
            "2",
            "--memory=1G",
            "--scratch",
            "4GiB",
            "--env",
            "A=b=c",
            "-e",
            "MINE",
            "--env-file",
            file.toString(),
            "--timeout",
            "10m",
            "--workdir",
            "/w",
            "--user",
            "1000:1000",
            "--network",
            "none",
            "--idempotency-key",
            "k-1",
            "--",
            "cmd",
            "--image",
            "",
            "@x",
            "--",
            "a b");
    assertThat(code).isZero();
    assertThat(fake.jobs().get(0).request())
        .isEqualTo(
            new JobRequest(
                "debian:12",
                List.of("cmd", "--image", "", "@x", "--", "a b"),
                Map.of("A", "b=c", "MINE", "m", "F", "1"),
                "/w",
                "1000:1000",
                new ShapeRequest(2, 1024, 4096),
                "NONE",
                600));
    assertThat(fake.received().get(0).headers()).containsEntry("Idempotency-key", "k-1");
  }

  @Test
  void whatFollowsTheCommandIsTheJobsEvenWithoutDashes() {
    shell.run("run", "--image", "debian:12", "ls", "-l", "--json");
    assertThat(fake.jobs().get(0).request().command()).containsExactly("ls", "-l", "--json");
  }

  @ParameterizedTest
  @EnumSource(
      value = FaultCode.class,
      names = {"OUT_OF_MEMORY", "JOB_TIMEOUT", "COMMAND_NOT_STARTED", "BOOT_TIMEOUT"})
  void aFaultIsOneLineAndItsCode(FaultCode fault) {
    script = job -> job.faults(fault, "the reason");
    int code = run("x");
    assertThat(shell.stderr.text()).isEqualTo("mayfly: " + fault + ": the reason\n");
    assertThat(code).isBetween(123, 127).isNotEqualTo(126);
  }

  @Test
  void aJobThatSomebodyElseCancelledSaysSo() {
    script = FakeJob::isCancelled;
    assertThat(run("x")).isEqualTo(122);
    assertThat(shell.stderr.text()).contains("was cancelled");
  }

  @Test
  void aRefusedRequestIsOneLineForEachField() {
    fake.refuseNext(
        new Problem(
            "urn:x",
            "The request cannot be accepted",
            422,
            null,
            List.of(
                new Problem.FieldError("image", "unknown image no:1"),
                new Problem.FieldError("shape.cpus", "is 99, must be 1 to 32"))));
    assertThat(run("x")).isEqualTo(120);
    assertThat(shell.stderr.text())
        .isEqualTo(
            "mayfly: refused: image: unknown image no:1\n"
                + "mayfly: refused: shape.cpus: is 99, must be 1 to 32\n");
  }

  @Test
  void aRefusedTokenAndABrokenServerHaveTheirCodes() {
    shell.environment.put("MAYFLY_TOKEN", "wrong");
    assertThat(run("x")).isEqualTo(121);
    assertThat(shell.stderr.text()).startsWith("mayfly: the orchestrator refused the token");
    shell.environment.put("MAYFLY_TOKEN", FakeOrchestrator.TOKEN);
    fake.refuseNext(new Problem("urn:x", "A bug", 500, null, List.of()));
    assertThat(run("x")).isEqualTo(125);
    for (int tries = 0; tries < 3; tries++) {
      fake.refuseNext(new Problem("urn:x", "The queue is full", 429, null, List.of()));
    }
    assertThat(run("x")).isEqualTo(125);
    fake.stop();
    assertThat(run("x")).isEqualTo(121);
    assertThat(shell.stderr.text()).contains("connection refused; is it running?");
  }

  @Test
  void aJobThatWaitsSaysWhyAndOnlyWhenThatChanges() {
    script =
        job -> {
          job.waits("no worker is online");
          Thread.sleep(1_500);
          job.waits("needs 4096 MiB, 1024 free");
          Thread.sleep(1_500);
          job.waits("needs 4096 MiB, 512 free");
          Thread.sleep(1_500);
          job.waits("1 of 1 workers is full");
          Thread.sleep(1_500);
          job.starts();
          job.exits(0);
        };
    assertThat(run("x")).isZero();
    assertThat(shell.stderr.text())
        .isEqualTo(
            "mayfly: waiting: no worker is online\n"
                + "mayfly: waiting: needs 4096 MiB, 1024 free\n"
                + "mayfly: waiting: 1 of 1 workers is full\n");
  }

  @Test
  void aShortWaitIsNotWorthAWord() {
    script =
        job -> {
          job.waits("no worker is online");
          Thread.sleep(300);
          job.starts();
          job.exits(0);
        };
    run("x");
    assertThat(shell.stderr.text()).isEmpty();
  }

  @Test
  void anInterruptCancelsTheJobAndWaitsForItsEnd() throws Exception {
    script =
        job -> {
          job.starts();
          job.writes(LogStream.STDOUT, "working\n");
          job.awaitCancelRequest(20);
          job.writes(LogStream.STDOUT, "cleaning up\n");
          job.isCancelled();
        };
    CompletableFuture<Integer> code = CompletableFuture.supplyAsync(() -> run("x"));
    await().until(() -> shell.stdout.text().contains("working"));
    shell.signals.interrupt();
    assertThat(code.get(20, TimeUnit.SECONDS)).isEqualTo(130);
    assertThat(shell.stdout.text()).isEqualTo("working\ncleaning up\n");
    assertThat(shell.stderr.text()).contains("mayfly: cancelling job ");
  }

  @Test
  void aSecondInterruptDoesNotWait() throws Exception {
    script =
        job -> {
          job.writes(LogStream.STDOUT, "working\n");
          mayEnd.await();
          job.isCancelled();
        };
    CompletableFuture<Integer> code = CompletableFuture.supplyAsync(() -> run("x"));
    await().until(() -> shell.stdout.text().contains("working"));
    shell.signals.interrupt();
    await().until(() -> fake.jobs().get(0).cancelRequested());
    assertThat(shell.signals.ended).isNotDone();
    shell.signals.interrupt();
    assertThat(shell.signals.ended).isCompletedWithValue(ExitCode.INTERRUPTED);
    mayEnd.countDown();
    code.get(20, TimeUnit.SECONDS);
  }

  @Test
  void aReaderThatGoesAwayCancelsTheJobQuietly() {
    shell.stdout.breakAfter(1, "Broken pipe");
    script =
        job -> {
          job.writes(LogStream.STDOUT, "one\n");
          job.writes(LogStream.STDOUT, "two\n");
          job.awaitCancelRequest(20);
          job.isCancelled();
        };
    assertThat(run("yes")).isEqualTo(141);
    assertThat(shell.stderr.text()).isEmpty();
    assertThat(fake.jobs().get(0).cancelRequested()).isTrue();
  }

  @Test
  void aDetachedJobIsPrintedAndWaitedForLater() {
    script =
        job -> {
          mayEnd.await();
          job.starts();
          job.exits(7);
        };
    assertThat(shell.run("run", "--image", "debian:12", "--detach", "--", "x")).isZero();
    String id = fake.jobs().get(0).id();
    assertThat(shell.stdout.text()).isEqualTo(id + "\n");
    mayEnd.countDown();
    assertThat(shell.run("wait", id)).isEqualTo(7);
  }

  @Test
  void jsonKeepsStandardOutputForItself() {
    script =
        job -> {
          job.writes(LogStream.STDOUT, "log\n");
          job.exits(4);
        };
    assertThat(shell.run("run", "--image", "debian:12", "--json", "--", "x")).isEqualTo(4);
    assertThat(shell.stdout.text())
        .startsWith("{\"id\":\"")
        .contains("\"exitCode\":4")
        .endsWith("}\n");
    assertThat(shell.stderr.text()).isEqualTo("log\n");
  }

  @Test
  void timingsShowWhereTheTimeWent() {
    script =
        job -> {
          job.starts();
          job.exits(0);
        };
    shell.run("run", "--image", "debian:12", "--timings", "--", "x");
    assertThat(shell.stderr.text().lines())
        .containsExactly(
            "phase        since queued          delta",
            "queued             0.0 ms         0.0 ms",
            "placed             5.0 ms         5.0 ms",
            "ready            900.0 ms       895.0 ms",
            "ended           1500.0 ms       600.0 ms");
  }

  @Test
  void aLogIsShownAgainByStream() {
    script =
        job -> {
          job.writes(LogStream.STDOUT, "out");
          job.writes(LogStream.STDERR, "err\n");
          job.writes(LogStream.SYSTEM, "sys\n");
          job.exits(9);
        };
    run("x");
    String id = fake.jobs().get(0).id();
    Shell again = again();
    assertThat(again.run("logs", id)).isZero();
    assertThat(again.stdout.text()).isEqualTo("out");
    assertThat(again.stderr.text()).isEqualTo("err\nmayfly: sys\n");
    Shell one = again();
    assertThat(one.run("logs", id, "-f", "--stream", "stderr")).isZero();
    assertThat(one.stdout.text() + one.stderr.text()).isEqualTo("err\n");
  }

  @Test
  void theLogOfARunningJobIsShownSoFar() {
    script =
        job -> {
          job.starts();
          job.writes(LogStream.STDOUT, "so far\n");
          job.writes(LogStream.STDERR, "err\n");
          mayEnd.await();
          job.exits(0);
        };
    shell.run("run", "--image", "debian:12", "-d", "--", "x");
    FakeJob job = fake.jobs().get(0);
    Shell logs = again();
    assertThat(logs.run("logs", job.id())).isZero();
    assertThat(logs.stdout.text()).isEqualTo("so far\n");
    assertThat(logs.stderr.text()).isEqualTo("err\n");
    Shell one = again();
    assertThat(one.run("logs", "--stream", "stdout", job.id())).isZero();
    assertThat(one.stdout.text()).isEqualTo("so far\n");
  }

  @Test
  void jobsAreListedAndShown() {
    script =
        job -> {
          if ("quick".equals(String.join("", job.request().command()))) {
            job.exits(1);
          } else {
            job.starts();
            mayEnd.await();
          }
        };
    run("quick");
    shell.run("run", "--image", "debian:12", "-d", "--", "long job");
    String quick = fake.jobs().get(0).id();
    String running = fake.jobs().get(1).id();
    Shell ps = again();
    assertThat(ps.run("ps")).isZero();
    assertThat(ps.stdout.text()).contains(running, "'long job'").doesNotContain(quick);
    Shell all = again();
    assertThat(all.run("ps", "-a", "--json")).isZero();
    assertThat(all.stdout.text()).startsWith("[{\"id\":\"" + running).contains(quick);
    Shell finished = again();
    assertThat(finished.run("ps", "--state", "Finished", "--limit", "1")).isZero();
    assertThat(finished.stdout.text()).contains(quick, "exited 1").doesNotContain(running);
    Shell show = again();
    assertThat(show.run("show", quick)).isZero();
    assertThat(show.stdout.text()).contains("outcome      exited with 1", "ended ");
  }

  @Test
  void manyJobsAreListedOverPages() {
    for (int i = 0; i < 205; i++) {
      shell.run("run", "--image", "debian:12", "-d", "--", "x");
    }
    Shell all = again();
    assertThat(all.run("ps", "-a", "--limit", "203")).isZero();
    assertThat(all.stdout.text().lines()).hasSize(204);
  }

  @Test
  void aJobIsCancelledAndItsEndAwaited() {
    script =
        job -> {
          job.awaitCancelRequest(20);
          job.isCancelled();
        };
    shell.run("run", "--image", "debian:12", "-d", "--", "x");
    String id = fake.jobs().get(0).id();
    assertThat(shell.run("cancel", "--wait", id)).isZero();
    assertThat(shell.run("wait", id)).isEqualTo(122);
  }

  @Test
  void aJobThatIsNotThereIsOneLine() {
    String none = "01890000-0000-7000-8000-000000000001";
    for (String command : List.of("logs", "show", "wait", "cancel")) {
      Shell one = again();
      assertThat(one.run(command, none)).isEqualTo(120);
      assertThat(one.stderr.text()).isEqualTo("mayfly: there is no job " + none + "\n");
    }
  }

  @Test
  void workersAndImagesAreListed() {
    fake.worker("worker-1", "ONLINE");
    assertThat(shell.run("workers")).isZero();
    assertThat(shell.stdout.text()).contains("worker-1", "online", "512/4096", "qemu 7.2 tcg");
    String digest = "sha256:" + "cd".repeat(32);
    assertThat(
            shell.run(
                "image-publish",
                "debian:13",
                "--digest",
                digest,
                "--architecture",
                "x86_64",
                "--size",
                "5000000000"))
        .isZero();
    Shell images = again();
    assertThat(images.run("images", "--json")).isZero();
    assertThat(images.stdout.text()).contains("debian:13", digest, "5000000000");
  }

  @Test
  void healthWaitsForTheOrchestratorAndAWorker() throws Exception {
    fake.stop();
    assertThat(shell.run("health")).isEqualTo(121);
    CompletableFuture<Integer> code =
        CompletableFuture.supplyAsync(() -> again().run("health", "--wait", "20", "--worker"));
    fake.worker("w0", "SILENT");
    fake.start();
    await().during(Duration.ofMillis(500)).until(() -> !code.isDone());
    fake.worker("w1", "ONLINE");
    assertThat(code.get(20, TimeUnit.SECONDS)).isZero();
  }

  @Test
  void thePortAndTheTokenOfTheHomeAreFound(@TempDir Path home) throws Exception {
    shell.environment.clear();
    shell.environment.put("MAYFLY_HOME", home.toString());
    Files.createDirectories(home.resolve("run"));
    Files.createDirectories(home.resolve("secrets"));
    String port = fake.url().replaceFirst(".*:", "");
    Files.writeString(
        home.resolve("run/orchestrator.json"),
        "{\"pid\":1,\"httpPort\":" + port + ",\"grpcPort\":1}");
    Files.writeString(home.resolve("secrets/api-token"), FakeOrchestrator.TOKEN + "\n");
    assertThat(run("x")).isZero();
  }

  private int run(String... command) {
    String[] arguments = new String[command.length + 4];
    System.arraycopy(new String[] {"run", "--image", "debian:12", "--"}, 0, arguments, 0, 4);
    System.arraycopy(command, 0, arguments, 4, command.length);
    return shell.run(arguments);
  }

  private Shell again() {
    Shell again = new Shell();
    again.environment.putAll(shell.environment);
    return again;
  }
}
