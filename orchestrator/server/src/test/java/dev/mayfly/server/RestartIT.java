package dev.mayfly.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.JobId;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.db.DatabaseAccess;
import dev.mayfly.db.TestDatabase;
import dev.mayfly.server.http.Api;
import dev.mayfly.server.workers.FakeWorker;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The orchestrator ends and comes back on the same database. */
class RestartIT {

  @Test
  void anActiveJobIsAccountedForAfterARestart() {
    DatabaseAccess database = TestDatabase.freshDatabase();
    UUID staying = UUID.randomUUID();
    UUID gone = UUID.randomUUID();
    AttemptRef kept;
    AttemptRef lost;
    try (TestOrchestrator before = TestOrchestrator.start(database, "restart")) {
      Api api = new Api(before);
      assertThat(before.home().resolve("run/orchestrator.json")).exists();
      try (FakeWorker worker = FakeWorker.register(before, gone, List.of())) {
        api.submit("debian:12");
        lost = worker.assigned();
        worker.running(lost, 1);
        worker.next(OrchestratorMessage::hasReportAck, OrchestratorMessage::getReportAck);
      }
      try (FakeWorker worker = FakeWorker.register(before, staying, List.of())) {
        api.submit("debian:12");
        kept = worker.assigned();
        worker.running(kept, 1);
        worker.chunk(
            kept, 1, LogStream.LOG_STREAM_STDOUT, "so far".getBytes(StandardCharsets.UTF_8));
        worker.next(OrchestratorMessage::hasLogAck, OrchestratorMessage::getLogAck);
        before.close();
        assertThat(worker.end().isOk()).isFalse();
        assertThat(Files.exists(before.home())).isFalse();
      }
    }
    try (TestOrchestrator after = TestOrchestrator.start(database, "restart");
        FakeWorker worker = FakeWorker.register(after, staying, List.of(kept))) {
      Api api = new Api(after);
      assertThat(api.get("/api/v1/jobs/" + kept.getJobId() + "/log").body()).isEqualTo("so far");
      worker.exited(kept, 2, 0, 1);
      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(() -> {
            assertThat(api.job(kept.getJobId()).path("outcome").path("exitCode").asInt(-1))
                .isZero();
            assertThat(
                    after
                        .bean(JobStore.class)
                        .attempts(JobId.parse(lost.getJobId()))
                        .getFirst()
                        .state())
                .isInstanceOfSatisfying(
                    AttemptState.Finished.class,
                    end -> assertThat(end.outcome().toString()).contains("WORKER_LOST"));
          });
    }
  }
}
