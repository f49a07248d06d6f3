package dev.mayfly.server.workers;

import static org.awaitility.Awaitility.await;

import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.server.TestOrchestrator;
import dev.mayfly.server.http.Api;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import tools.jackson.databind.JsonNode;

/** A worker by hand against the whole orchestrator, and nobody else's jobs. */
abstract class WorkerFixture {
  static final Duration WAIT = Duration.ofSeconds(20);

  final TestOrchestrator orchestrator = TestOrchestrator.shared();
  final Api api = new Api(orchestrator);
  final UUID id = UUID.randomUUID();

  /** Nobody else's jobs are wanted here: those that other tests left in the queue are cancelled. */
  FakeWorker join() {
    cancelAll();
    FakeWorker worker = FakeWorker.register(orchestrator, id, List.of());
    worker.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
    return worker;
  }

  /** What a test leaves would be placed on the next one's worker. */
  @AfterEach
  void cancelAll() {
    for (String state : List.of("QUEUED", "ACTIVE")) {
      api.get("/api/v1/jobs?limit=200&state=" + state)
          .json()
          .get("items")
          .forEach(job -> api.post("/api/v1/jobs/" + job.get("id").asString() + "/cancel", ""));
    }
  }

  JsonNode finished(String job) {
    await().atMost(WAIT).until(() -> api.job(job).get("state").asString().equals("FINISHED"));
    return api.job(job);
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static long acknowledged(FakeWorker worker) {
    return worker
        .next(OrchestratorMessage::hasLogAck, OrchestratorMessage::getLogAck)
        .getSequence();
  }
}
