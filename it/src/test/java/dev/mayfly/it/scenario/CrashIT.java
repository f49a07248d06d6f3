package dev.mayfly.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.client.LogSlice;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.it.scenario.MayflySystem.Finished;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is left of a job when a process of ours is killed in the middle of it. */
class CrashIT {
  private static final Duration SOON = Duration.ofSeconds(90);
  private MayflySystem system;

  @BeforeEach
  void start() throws Exception {
    system = MayflySystem.start();
  }

  @AfterEach
  void stop() throws Exception {
    System.out.println(system.logs());
    system.close();
  }

  @Test
  void aKilledOrchestratorLosesNeitherTheJobNorItsLog() throws Exception {
    String id =
        startJob("i=0; while [ $i -lt 12 ]; do echo line $i; i=$((i+1)); sleep 1; done; exit 7");
    awaitLog(id, "line 2");

    system.killOrchestrator();
    system.startOrchestrator();

    await().atMost(SOON).until(() -> system.job(id).state().equals("FINISHED"));
    JobView job = system.job(id);
    assertThat(outcome(job).exitCode()).as(job.toString()).isEqualTo(7);
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      expected.append("line ").append(i).append('\n');
    }
    assertThat(system.mayfly("logs", id).text()).isEqualTo(expected.toString());
  }

  /** The worker is killed and started again twice while a job of forty seconds counts. */
  @Test
  void aKilledWorkerKeepsItsMicroVmAndLosesNoByteOfItsOutput() throws Exception {
    int lines = 1200;
    String id =
        startJob(
            "i=0; while [ $i -lt "
                + lines
                + " ]; do echo line $i; i=$((i+1)); sleep 0.05; done; exit 0");
    awaitLog(id, "line 20\n");

    for (int restart = 0; restart < 2; restart++) {
      system.killWorker();
      assertThat(system.strayProcesses()).hasSizeGreaterThanOrEqualTo(1);
      Thread.sleep(Duration.ofSeconds(3));
      system.startWorker();
      int seen = log(id).length();
      await().atMost(SOON).until(() -> log(id).length() > seen);
      assertThat(system.job(id).state()).isEqualTo("ACTIVE");
    }

    await().atMost(SOON).until(() -> system.job(id).state().equals("FINISHED"));
    JobView job = system.job(id);
    assertThat(outcome(job).exitCode()).as(job.toString()).isZero();
    assertThat(job.attempts()).isEqualTo(1);
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < lines; i++) {
      expected.append("line ").append(i).append('\n');
    }
    assertThat(system.mayfly("logs", id).text()).isEqualTo(expected.toString());
    awaitNothingLeft();
  }

  @Test
  void aMicroVmThatDiesWhileNoWorkerRunsIsAccountedForAndCleanedUp() throws Exception {
    String id = startJob("echo before; sleep 600", "--max-attempts", "1");
    awaitLog(id, "before");

    system.killWorker();
    system.killMicroVms();
    system.startWorker();

    await().atMost(SOON).until(() -> system.job(id).state().equals("FINISHED"));
    JobView job = system.job(id);
    assertThat(outcome(job).faultCode()).isEqualTo("VMM_DIED");
    assertThat(outcome(job).blame()).isEqualTo("PLATFORM");
    assertThat(system.mayfly("logs", id).text()).contains("before");
    awaitNothingLeft();
  }

  @Test
  void everythingKilledAtOnceStillFinishesTheJob() throws Exception {
    String id = startJob("echo before; sleep 25; echo after; exit 3");
    awaitLog(id, "before");

    system.killOrchestrator();
    system.killWorker();
    system.startOrchestrator();
    system.startWorker();

    await().atMost(SOON).until(() -> system.job(id).state().equals("FINISHED"));
    assertThat(outcome(system.job(id)).exitCode()).isEqualTo(3);
    assertThat(system.mayfly("logs", id).text()).isEqualTo("before\nafter\n");
    Finished next = system.run("echo next");
    assertThat(next.code()).as(next.toString()).isZero();
    awaitNothingLeft();
  }

  @Test
  void aGuestThatPanicsIsToldFromOneThatIsSilent() throws Exception {
    Finished panicked = system.run("echo before; echo c > /proc/sysrq-trigger; sleep 60");
    assertThat(panicked.code()).as(panicked.toString()).isNotZero();
    assertThat(panicked.toString()).contains("GUEST_PANIC");
  }

  private void awaitNothingLeft() {
    await()
        .atMost(SOON)
        .untilAsserted(() -> {
          assertThat(system.strayProcesses()).isEmpty();
          assertThat(system.microVmDirectories()).isEmpty();
        });
  }

  private static OutcomeView outcome(JobView job) {
    return Objects.requireNonNull(job.outcome(), job::toString);
  }

  private String startJob(String script, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of("run", "--image", Images.DEBIAN, "--detach"));
    command.addAll(List.of(options));
    command.addAll(List.of("--", "sh", "-c", script));
    Finished started = system.mayfly(command.toArray(String[]::new));
    assertThat(started.code()).as(started.toString()).isZero();
    return started.text().strip();
  }

  private void awaitLog(String id, String text) {
    await().atMost(SOON).until(() -> log(id).contains(text));
  }

  /** As far as it is there; asked for without a process of its own, which may take seconds. */
  private String log(String id) throws Exception {
    StringBuilder text = new StringBuilder();
    String cursor = null;
    while (true) {
      LogSlice slice =
          system.client().log(JobId.parse(id), Set.of(), cursor, MayflyClient.MAX_SLICE_BYTES);
      if (slice.bytes().length == 0) {
        return text.toString();
      }
      text.append(new String(slice.bytes(), StandardCharsets.UTF_8));
      cursor = slice.nextCursor();
    }
  }
}
