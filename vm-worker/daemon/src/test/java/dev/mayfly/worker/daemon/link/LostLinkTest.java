package dev.mayfly.worker.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.api.worker.v1.WorkerMessage.MessageCase;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a worker does when the orchestrator is silent, refuses it or is to be left. */
class LostLinkTest extends WorkerLinkTestBed {
  @Test
  void aSilentOrchestratorIsLeftAndDialledAgain() throws Exception {
    var first = registered();
    first.await(MessageCase.HEARTBEAT);
    for (int i = 0; i <= LinkConnection.SILENT_HEARTBEATS; i++) {
      timers.advance(Duration.ofSeconds(HEARTBEAT_SECONDS));
    }
    assertThat(first.awaitEnd()).isEqualTo("CANCELLED");
    connection().await(MessageCase.REGISTER);
  }

  @Test
  void aWrongTokenIsToldOnceAndTriedAgain() throws Exception {
    var first = registered();
    awaitTold("registered");
    token = "wrong";
    first.fail(Status.UNAVAILABLE);
    assertThat(awaitTold("lost: UNAUTHENTICATED")).endsWith("wrong worker token");
    awaitTold("still lost: UNAUTHENTICATED");
    token = FakeOrchestrator.TOKEN;
    registered();
    awaitTold("registered");
  }

  private String awaitTold(String beginning) throws InterruptedException {
    while (true) {
      var event = told.events.poll(20, TimeUnit.MILLISECONDS);
      if (event == null) {
        timers.advance(Duration.ofMillis(200));
      } else if (event.startsWith(beginning)) {
        return event;
      }
    }
  }

  @Test
  void aTokenThatIsNotThereYetIsWaitedFor() throws Exception {
    var first = registered();
    token = "";
    first.fail(Status.UNAVAILABLE);
    awaitTold("lost: no token yet");
    token = FakeOrchestrator.TOKEN;
    registered();
  }

  @Test
  void aLeavingWorkerSaysSoAndReportsItsJobs() throws Exception {
    var connection = registered();
    var guest = running(connection);
    link.leave("SIGTERM");
    assertThat(connection.await(MessageCase.LEAVING).getLeaving().getReason()).isEqualTo("SIGTERM");
    attempts.leave();
    guest.awaitSignal();
    guest.exits(143);
    assertThat(finished(connection).getFaulted().getCode()).isEqualTo("WORKER_LEAVING");
    assertThat(link.close(LIMIT)).isTrue();
    assertThat(connection.awaitEnd()).isEqualTo("COMPLETED");
  }

  @Test
  void anUnansweredRegistrationIsGivenUp() throws Exception {
    var connection = connection();
    connection.await(MessageCase.REGISTER);
    timers.advance(LinkConnection.REGISTER_LIMIT);
    assertThat(connection.awaitEnd()).isEqualTo("CANCELLED");
    WorkerMessage again = connection().await(MessageCase.REGISTER);
    assertThat(again.getRegister().getName()).isEqualTo("test-worker");
  }
}
