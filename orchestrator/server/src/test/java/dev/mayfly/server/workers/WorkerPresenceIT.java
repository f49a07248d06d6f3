package dev.mayfly.server.workers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.WorkerId;
import dev.mayfly.api.worker.v1.Leaving;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.server.TestOrchestrator;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Whether a worker is there, as it goes and comes back. */
class WorkerPresenceIT {
  private static final Duration WAIT = Duration.ofSeconds(20);

  private final TestOrchestrator orchestrator = TestOrchestrator.shared();
  private final UUID id = UUID.randomUUID();

  private WorkerState state() {
    return orchestrator.bean(WorkerStore.class).find(new WorkerId(id)).orElseThrow().state();
  }

  /** It has said that it goes, and its connection is still there. */
  private FakeWorker gone() {
    FakeWorker worker = FakeWorker.register(orchestrator, id, List.of());
    worker.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
    worker.send(WorkerMessage.newBuilder().setLeaving(Leaving.getDefaultInstance()).build());
    await().atMost(WAIT).until(() -> state() == WorkerState.LEFT);
    return worker;
  }

  /** Registers and says nothing else. */
  private FakeWorker back() {
    FakeWorker worker = new FakeWorker(orchestrator, id, orchestrator.workerToken());
    worker.send(WorkerMessage.newBuilder().setRegister(worker.registration()).build());
    return worker;
  }

  private void assertIsOnlineAtOnce() {
    await().atMost(WAIT).until(() -> state() != WorkerState.LEFT);
    assertThat(state()).isEqualTo(WorkerState.ONLINE);
  }

  @Test
  void aWorkerThatLeftIsOnlineAsSoonAsItsNextProcessRegisters() {
    gone().close();
    try (FakeWorker _ = back()) {
      assertIsOnlineAtOnce();
    }
  }

  @Test
  void theEndOfTheConnectionThatLeftMeansNothingToTheNextProcess() {
    try (FakeWorker old = gone();
        FakeWorker _ = back()) {
      assertIsOnlineAtOnce();
      assertThat(old.end().getCode()).isEqualTo(Status.Code.ABORTED);
      await()
          .during(Duration.ofMillis(500))
          .atMost(WAIT)
          .until(() -> state() == WorkerState.ONLINE);
    }
  }

  @Test
  void heartbeatsOfAWorkerThatLeavesDoNotBringItBack() {
    try (FakeWorker worker = gone()) {
      worker.heartbeat();
      worker.next(OrchestratorMessage::hasHeartbeatReply, OrchestratorMessage::getHeartbeatReply);
      assertThat(state()).isEqualTo(WorkerState.LEFT);
    }
  }
}
