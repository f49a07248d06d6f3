package dev.mayfly.worker.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.worker.v1.Assignment;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.EndAttempt;
import dev.mayfly.api.worker.v1.EndReason;
import dev.mayfly.api.worker.v1.HeartbeatReply;
import dev.mayfly.api.worker.v1.KeepBundles;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.WorkerMessage.MessageCase;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.core.attempt.ScriptedHost;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.daemon.images.PullState;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkerLinkClientTest extends WorkerLinkTestBed {
  @Test
  void theWorkerSaysWhatItIsAndHas() throws Exception {
    var register = connection().await(MessageCase.REGISTER).getRegister();
    assertThat(register.getLabelsList()).containsExactly("gpu");
    assertThat(register.getPool()).isEqualTo("fast");
    assertThat(register.getProtocolVersion()).isEqualTo(3);
    assertThat(register.getWorkerId()).isEqualTo("11111111-2222-4333-8444-555555555555");
    assertThat(register.getName()).isEqualTo("test-worker");
    assertThat(register.getCapacity().getMemoryMib()).isEqualTo(1024);
    assertThat(register.getBundleDigestsList()).containsExactly(ScriptedHost.BUNDLE.value());
    assertThat(register.getVmms(0).getAccelerator()).isEqualTo("tcg");
    assertThat(register.getVmms(0).getUsable()).isTrue();
    assertThat(register.getRunningAttemptsList()).isEmpty();
  }

  @Test
  void aJobIsReportedWithItsLogBeforeItsEnd() throws Exception {
    var connection = registered();
    var guest = running(connection);
    guest.prints(GuestStream.STDOUT, "hi\n");
    timers.advance(AttemptLog.LINGER);
    var chunk = connection.await(MessageCase.LOG_CHUNK).getLogChunk();
    assertThat(chunk.getAttempt()).isEqualTo(REF);
    assertThat(chunk.getSequence()).isEqualTo(1);
    assertThat(chunk.getData().toStringUtf8()).isEqualTo("hi\n");
    guest.exits(3);
    var finished = finished(connection);
    assertThat(finished.getExited().getCode()).isEqualTo(3);
    assertThat(finished.getLogChunks()).isEqualTo(1);
    assertThat(finished.getLogBytes()).isEqualTo(3);
    assertThat(outbox.isEmpty()).isFalse();
    connection.send(logAck(REF, 1));
    connection.send(reportAck(REF, 3));
    awaitEmptyOutbox();
  }

  @Test
  void whatWasNotAcknowledgedIsSentAgainAfterAReconnect() throws Exception {
    var first = registered();
    var guest = running(first);
    guest.prints(GuestStream.STDOUT, "one");
    guest.prints(GuestStream.STDERR, "two");
    timers.advance(AttemptLog.LINGER);
    first.await(message -> message.getLogChunk().getSequence() == 2);
    first.send(reportAck(REF, 1));
    first.send(logAck(REF, 1));
    first.send(logAck(REF, 1));
    first.fail(Status.UNAVAILABLE);
    guest.prints(GuestStream.STDOUT, "three");
    guest.exits(0);

    var second = connection();
    var register = second.await(MessageCase.REGISTER).getRegister();
    assertThat(register.getRunningAttemptsList()).containsExactly(REF);
    second.send(welcome());
    assertThat(second.await(MessageCase.REPORT).getReport().getReportNumber()).isEqualTo(2);
    assertThat(second.await(MessageCase.LOG_CHUNK).getLogChunk().getSequence()).isEqualTo(2);
    assertThat(second.await(MessageCase.LOG_CHUNK).getLogChunk().getData().toStringUtf8())
        .isEqualTo("three");
    assertThat(finished(second).getLogChunks()).isEqualTo(3);
    second.send(reportAck(REF, 3));
    second.send(logAck(REF, 3));
    second.send(logAck(REF, 2));
    second.send(reportAck(REF, 3));
    awaitEmptyOutbox();
  }

  @Test
  void anEndThatIsNotAcknowledgedIsNamedAtTheNextRegistration() throws Exception {
    var first = registered();
    running(first).exits(0);
    finished(first);
    first.fail(Status.UNAVAILABLE);
    var second = connection();
    assertThat(second.await(MessageCase.REGISTER).getRegister().getRunningAttemptsList())
        .containsExactly(REF);
  }

  @Test
  void theSameAssignmentAgainStartsNothing() throws Exception {
    var connection = registered();
    var guest = running(connection);
    connection.send(assignment(REF));
    guest.exits(5);
    assertThat(finished(connection).getExited().getCode()).isEqualTo(5);
  }

  @Test
  void whatCarriesAnOlderEpochIsIgnored() throws Exception {
    var connection = registered();
    var guest = running(connection);
    connection.send(assignment(ref(1)));
    connection.send(
        OrchestratorMessage.newBuilder()
            .setEndAttempt(
                EndAttempt.newBuilder()
                    .setAttempt(ref(1))
                    .setReason(EndReason.END_REASON_CANCELLED)));
    connection.send(reportAck(ref(1), 99));
    connection.send(logAck(ref(1), 99));
    guest.exits(6);
    assertThat(finished(connection).getExited().getCode()).isEqualTo(6);
  }

  @Test
  void aCancelIsObeyedAndReported() throws Exception {
    var connection = registered();
    var guest = running(connection);
    connection.send(
        OrchestratorMessage.newBuilder()
            .setEndAttempt(
                EndAttempt.newBuilder().setAttempt(REF).setReason(EndReason.END_REASON_CANCELLED)));
    guest.awaitSignal();
    guest.exits(143);
    assertThat(finished(connection).hasCancelled()).isTrue();
  }

  @Test
  void whatIsToBeKeptIsTakenAndWhatIsPulledIsToldOnce() throws Exception {
    var connection = registered();
    var wanted = Sha256.parse("sha256:" + "1".repeat(64));
    var pinned = Sha256.parse("sha256:" + "2".repeat(64));
    connection.send(
        OrchestratorMessage.newBuilder()
            .setKeepBundles(
                KeepBundles.newBuilder()
                    .addDigests(wanted.toString())
                    .addDigests("rubbish")
                    .addPinned(pinned.toString())));
    images.say(
        List.of(
            new PullState.Pulling(wanted, 40, 97),
            new PullState.Failed(pinned, "no room".repeat(100))));
    nudge.give();

    var states = connection.await(MessageCase.BUNDLE_STATES).getBundleStates();
    assertThat(states.getStates(0).getDigest()).isEqualTo(wanted.toString());
    assertThat(states.getStates(0).getPulling().getBytesDone()).isEqualTo(40);
    assertThat(states.getStates(0).getPulling().getBytesTotal()).isEqualTo(97);
    assertThat(states.getStates(1).getFailed().getReason()).hasSize(500).startsWith("no room");
    assertThat(images.wanted()).containsExactly(wanted);
    assertThat(images.pinned()).containsExactly(pinned);
    images.say(List.of());
    nudge.give();
    timers.advance(Duration.ofSeconds(1));
    assertThat(connection.await(MessageCase.BUNDLE_STATES).getBundleStates().getStatesList())
        .isEmpty();
  }

  @Test
  void whatDoesNotFitIsRefused() throws Exception {
    var connection = registered();
    var message = assignment(REF);
    message.getAssignmentBuilder().getShapeBuilder().setMemoryMib(4096);
    connection.send(message);
    var refusal = connection.await(MessageCase.REFUSAL).getRefusal();
    assertThat(refusal.getAttempt()).isEqualTo(REF);
    assertThat(refusal.getFaultCode()).isEqualTo("WORKER_FULL");
    assertThat(refusal.getReason()).contains("4096 MiB of memory asked");
  }

  @Test
  void anAssignmentThatIsNotValidIsRefusedAndTheLinkLives() throws Exception {
    var connection = registered();
    var message = assignment(REF);
    message.getAssignmentBuilder().clearTimeoutSeconds();
    connection.send(message);
    var refusal = connection.await(MessageCase.REFUSAL).getRefusal();
    assertThat(refusal.getFaultCode()).isEqualTo("INTERNAL");
    assertThat(refusal.getReason()).contains("timeout is 0 s");
    connection.send(reportAck(AttemptRef.newBuilder().setJobId("rubbish").build(), 1));
    running(connection).exits(0);
    finished(connection);
  }

  @Test
  void heartbeatsNameWhatRunsAndTheReplyRenewsIt() throws Exception {
    var connection = registered();
    running(connection);
    timers.advance(Duration.ofSeconds(HEARTBEAT_SECONDS));
    var heartbeat = connection.await(MessageCase.HEARTBEAT).getHeartbeat();
    assertThat(heartbeat.getRunningAttemptsList()).containsExactly(REF);
    assertThat(heartbeat.getFreeMemoryMib()).isEqualTo(777);
    assertThat(heartbeat.getFreeScratchMib()).isEqualTo(888);
    assertThat(heartbeat.getBundleDigestsList()).isEmpty();
  }

  @Test
  void aRenewedLeaseCountsFromTheHeartbeatThatAskedForIt() throws Exception {
    var connection = registered();
    connection.await(MessageCase.HEARTBEAT);
    connection.send(
        OrchestratorMessage.newBuilder().setHeartbeatReply(HeartbeatReply.getDefaultInstance()));
    running(connection);
    timers.advance(Duration.ofSeconds(HEARTBEAT_SECONDS));
    connection.await(MessageCase.HEARTBEAT);
    connection.send(
        OrchestratorMessage.newBuilder()
            .setHeartbeatReply(HeartbeatReply.newBuilder().addRenewed(REF)));
    // Its refusal shows that what came before it has been read.
    connection.send(
        OrchestratorMessage.newBuilder().setAssignment(Assignment.getDefaultInstance()));
    connection.await(MessageCase.REFUSAL);
    timers.advance(Duration.ofSeconds(LEASE_SECONDS - 1));
    assertThat(attempts.microVmNames()).isNotEmpty();
    assertThat(host.world()).isNotEmpty();
    timers.advance(Duration.ofSeconds(1));
    assertThat(attempts.awaitNone(LIMIT)).isTrue();
  }

  @Test
  void aHeartbeatReplyMayVoidAnAttempt() throws Exception {
    var connection = registered();
    running(connection);
    connection.send(
        OrchestratorMessage.newBuilder()
            .setHeartbeatReply(HeartbeatReply.newBuilder().addEndAttempts(REF)));
    assertThat(attempts.awaitNone(LIMIT)).isTrue();
    assertThat(attempts.held()).isEmpty();
  }

  @Test
  void anAttemptWhoseLeaseIsGoneIsDestroyedAtRegistration() throws Exception {
    var first = registered();
    running(first);
    first.fail(Status.UNAVAILABLE);
    var second = connection();
    second.await(MessageCase.REGISTER);
    second.send(welcome(REF));
    assertThat(attempts.awaitNone(LIMIT)).isTrue();
    awaitEmptyOutbox();
  }
}
