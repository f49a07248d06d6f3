package dev.mayfly.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.it.scenario.MayflySystem.Finished;
import java.time.Duration;
import java.util.Objects;
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

  @Test
  void aKilledWorkerLeavesNoMicroVmAndTheJobIsAccountedFor() throws Exception {
    String id = startJob("echo before; sleep 600");
    awaitLog(id, "before");

    system.killWorker();
    system.startWorker();

    await().atMost(SOON).until(() -> system.job(id).state().equals("FINISHED"));
    JobView job = system.job(id);
    assertThat(outcome(job).faultCode()).isEqualTo("WORKER_LOST");
    assertThat(outcome(job).blame()).isEqualTo("PLATFORM");
    assertThat(system.mayfly("logs", id).text()).contains("before");
    await()
        .atMost(SOON)
        .untilAsserted(() -> {
          assertThat(system.strayProcesses()).isEmpty();
          assertThat(system.microVmDirectories()).isEmpty();
        });
  }

  @Test
  void everythingKilledAtOnceStillAccountsForTheJob() throws Exception {
    String id = startJob("echo before; sleep 600");
    awaitLog(id, "before");

    system.killOrchestrator();
    system.killWorker();
    system.startOrchestrator();
    system.startWorker();

    await().atMost(SOON).until(() -> system.job(id).state().equals("FINISHED"));
    assertThat(outcome(system.job(id)).faultCode()).isEqualTo("WORKER_LOST");
    Finished next = system.run("echo after");
    assertThat(next.code()).as(next.toString()).isZero();
    assertThat(system.mayfly("logs", id).text()).isEqualTo("before\n");
  }

  private static OutcomeView outcome(JobView job) {
    return Objects.requireNonNull(job.outcome(), job::toString);
  }

  private String startJob(String script) throws Exception {
    Finished started =
        system.mayfly("run", "--image", Images.DEBIAN, "--detach", "--", "sh", "-c", script);
    assertThat(started.code()).as(started.toString()).isZero();
    return started.text().strip();
  }

  private void awaitLog(String id, String text) {
    await().atMost(SOON).until(() -> system.mayfly("logs", id).text().contains(text));
  }
}
