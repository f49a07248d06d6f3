package dev.mayfly.server.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.worker.v1.Assignment;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.server.TestOrchestrator;
import dev.mayfly.server.http.Api;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an assignment says of its lease. */
class AssignmentLeaseIT {
  private static final Duration LEASE = TestOrchestrator.SHORT_LEASES.leaseDuration();
  private static final Duration PAUSE = TestOrchestrator.SHORT_LEASES.heartbeatInterval();

  private final TestOrchestrator orchestrator = TestOrchestrator.shared();
  private final Api api = new Api(orchestrator);
  private final UUID id = UUID.randomUUID();

  /** What other tests left would be placed on this one's worker, and the other way round. */
  @BeforeEach
  @AfterEach
  void cancelAll() {
    for (String state : List.of("QUEUED", "ACTIVE")) {
      api.get("/api/v1/jobs?limit=200&state=" + state)
          .json()
          .get("items")
          .forEach(job -> api.post("/api/v1/jobs/" + job.get("id").asString() + "/cancel", ""));
    }
  }

  private FakeWorker join() {
    FakeWorker worker = FakeWorker.register(orchestrator, id, List.of());
    worker.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
    return worker;
  }

  private static Assignment assigned(FakeWorker worker) {
    return worker.next(OrchestratorMessage::hasAssignment, OrchestratorMessage::getAssignment);
  }

  private static Duration left(Assignment assignment) {
    return Duration.ofNanos(assignment.getLeaseLeftMicros() * 1000);
  }

  @Test
  void itSaysWhatIsLeftAndWhichMessageHadBeenHandledThen() {
    try (FakeWorker worker = join()) {
      api.submit("debian:12");
      Assignment first = assigned(worker);
      assertThat(left(first)).isBetween(Duration.ofNanos(1000), LEASE);
      assertThat(first.getLeaseFromMessage()).isEqualTo(1);
      worker.heartbeat(first.getAttempt());
      worker.next(OrchestratorMessage::hasHeartbeatReply, OrchestratorMessage::getHeartbeatReply);
      api.submit("debian:12");
      assertThat(assigned(worker).getLeaseFromMessage()).isEqualTo(2);
    }
  }

  @Test
  void whatIsSentAgainAfterAReconnectHasWhatIsLeftByThen() throws Exception {
    Assignment first;
    try (FakeWorker worker = join()) {
      api.submit("debian:12");
      first = assigned(worker);
    }
    Thread.sleep(PAUSE);
    try (FakeWorker again = join()) {
      Assignment second = assigned(again);
      assertThat(second.getAttempt()).isEqualTo(first.getAttempt());
      assertThat(left(second)).isLessThanOrEqualTo(left(first).minus(PAUSE));
      assertThat(second.getLeaseFromMessage()).isBetween(0, 1);
    }
  }

  @Test
  void whatAWorkerAsksForAgainHasTheLeaseThatItsRegistrationRenewed() throws Exception {
    Assignment first;
    try (FakeWorker worker = join()) {
      api.submit("debian:12");
      first = assigned(worker);
      worker.running(first.getAttempt(), 1);
      worker.next(OrchestratorMessage::hasReportAck, OrchestratorMessage::getReportAck);
    }
    Thread.sleep(PAUSE);
    try (FakeWorker again = new FakeWorker(orchestrator, id, orchestrator.workerToken())) {
      again.send(
          WorkerMessage.newBuilder()
              .setRegister(
                  again
                      .registration()
                      .addRunningAttempts(first.getAttempt())
                      .addAssignmentsWanted(first.getAttempt()))
              .build());
      Assignment second = assigned(again);
      assertThat(second.getAttempt()).isEqualTo(first.getAttempt());
      assertThat(left(second)).isGreaterThan(left(first).minus(PAUSE));
      assertThat(second.getLeaseFromMessage()).isZero();
    }
  }
}
