package dev.mayfly.worker.daemon.link;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Label;
import dev.mayfly.api.worker.v1.Assignment;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.Capacity;
import dev.mayfly.api.worker.v1.Heartbeat;
import dev.mayfly.api.worker.v1.HeartbeatReply;
import dev.mayfly.api.worker.v1.Leaving;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.Register;
import dev.mayfly.api.worker.v1.Registered;
import dev.mayfly.api.worker.v1.Vmm;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.worker.core.attempt.Attempts.Admission;
import dev.mayfly.worker.core.attempt.EndReason;
import dev.mayfly.worker.core.attempt.Outbox;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.time.Timers.Timer;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stream to the orchestrator. The link's thread owns it and alone sends; gRPC's thread only
 * puts what came into a queue, one message at a time, and nudges.
 */
final class LinkConnection implements ClientResponseObserver<WorkerMessage, OrchestratorMessage> {
  /** Of the wire contract. */
  static final int PROTOCOL_VERSION = 3;

  /** A registration is one row in a database; longer means that nobody is there. */
  static final Duration REGISTER_LIMIT = Duration.ofSeconds(15);

  /** So many heartbeats without an answer, and the connection is taken for dead. */
  static final int SILENT_HEARTBEATS = 3;

  /** Bounds of what the orchestrator may ask for, so that a bad value cannot stop the worker. */
  private static final int MAX_SECONDS = 3600;

  private static final Duration MAX_LEASE = Duration.ofSeconds(MAX_SECONDS);

  /** gRPC hands over one message for each that was asked for; we ask one by one. */
  private static final int INBOUND_CAPACITY = 8;

  private static final Logger log = LoggerFactory.getLogger(LinkConnection.class);

  private final LinkPorts ports;
  private final Registration registration;
  private final Outbox.Cursor cursor;
  private final ExecTraffic execs;
  private final ImageTraffic images;
  private final BuildTraffic builds;
  private final BlockingQueue<OrchestratorMessage> inbound =
      new ArrayBlockingQueue<>(INBOUND_CAPACITY);
  private volatile @Nullable String over;
  private volatile @Nullable ClientCallStreamObserver<WorkerMessage> stream;

  // Owned by the link's thread.
  private LeaseAsks asks = new LeaseAsks(0);
  private boolean registered;
  private boolean leavingSent;
  private Duration heartbeat = Duration.ZERO;
  private Duration lease = Duration.ZERO;
  private long deadline;
  private long nextHeartbeat;
  private List<BundleDigest> bundlesSent = List.of();
  private @Nullable Timer timer;

  LinkConnection(LinkPorts ports, Registration registration) {
    this.ports = ports;
    this.registration = registration;
    this.cursor = ports.outbox().cursor();
    this.execs = new ExecTraffic(ports.execs());
    this.images = new ImageTraffic(ports.images());
    this.builds = new BuildTraffic(ports.builds());
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<WorkerMessage> requests) {
    requests.disableAutoRequestWithInitial(1);
    requests.setOnReadyHandler(ports.nudge()::give);
    stream = requests;
  }

  @Override
  public void onNext(OrchestratorMessage message) {
    if (!inbound.offer(message)) {
      throw new IllegalStateException("gRPC delivered more than was asked for");
    }
    ports.nudge().give();
  }

  @Override
  public void onError(Throwable failure) {
    var status = Status.fromThrowable(failure);
    over =
        status.getCode() + (status.getDescription() == null ? "" : ": " + status.getDescription());
    ports.nudge().give();
  }

  @Override
  public void onCompleted() {
    over = "the orchestrator ended the connection";
    ports.nudge().give();
  }

  /** Why the connection is over; empty while it is not. */
  Optional<String> over() {
    return Optional.ofNullable(over);
  }

  boolean isRegistered() {
    return registered;
  }

  /** Says who we are; to be called once, after the call was started. */
  void register() {
    var message =
        Register.newBuilder()
            .setProtocolVersion(PROTOCOL_VERSION)
            .setWorkerId(registration.id().toString())
            .setName(registration.name())
            .setVersion(registration.version())
            .setArchitecture(registration.architecture())
            .setHostKernel(registration.hostKernel())
            .addAllLabels(registration.labels().stream().map(Label::value).toList())
            .setPool(registration.pool().value())
            .setCapacity(
                Capacity.newBuilder()
                    .setCpus(registration.capacity().cpus())
                    .setMemoryMib(registration.capacity().memoryMib())
                    .setScratchMib(registration.capacity().scratchMib()))
            .addAllRunningAttempts(LinkCodec.refs(ports.attempts().held()))
            .setBuilder(ports.builds().isBuilder())
            .addAllBuilds(ports.builds().known())
            .addAllAssignmentsWanted(LinkCodec.refs(ports.attempts().assignmentsWanted()));
    for (var fact : registration.vmms()) {
      message.addVmms(
          Vmm.newBuilder()
              .setName(fact.name())
              .setVersion(fact.version())
              .setAccelerator(fact.accelerator())
              .setUsable(fact.usable())
              .setReason(fact.reason()));
    }
    bundlesSent = ports.bundles().ready();
    bundlesSent.forEach(digest -> message.addBundleDigests(digest.value()));
    long now = ports.timers().nanoTime();
    asks = new LeaseAsks(now);
    deadline = now + REGISTER_LIMIT.toNanos();
    wakeAt(deadline);
    send(WorkerMessage.newBuilder().setRegister(message).build());
  }

  /** Does everything there is to do now. Idempotent: sends nothing twice on this connection. */
  void reconcile() {
    for (var message = inbound.poll(); message != null; message = inbound.poll()) {
      receive(message);
      call().request(1);
    }
    long now = ports.timers().nanoTime();
    if (over == null && now - deadline >= 0) {
      end(registered ? "the orchestrator did not answer" : "the registration was not answered");
    }
    if (!registered || over != null) {
      return;
    }
    if (now - nextHeartbeat >= 0) {
      sendHeartbeat(now);
    }
    sendAll(execs::next);
    sendAll(() -> images.next(now));
    sendAll(builds::next);
    sendAll(() -> cursor.next().map(LinkCodec::message));
    images.due(now).ifPresent(due -> wakeAt(Math.min(due, nextHeartbeat)));
  }

  private void sendAll(Supplier<Optional<WorkerMessage>> messages) {
    while (over == null && call().isReady()) {
      var message = messages.get();
      if (message.isEmpty()) {
        break;
      }
      send(message.get());
    }
  }

  /** Tells the orchestrator that we go. */
  void leave(String reason) {
    if (registered && over == null && !leavingSent) {
      leavingSent = true;
      send(WorkerMessage.newBuilder().setLeaving(Leaving.newBuilder().setReason(reason)).build());
    }
  }

  /** Ends the connection from our side. Idempotent. */
  void end(String reason) {
    if (timer != null) {
      timer.cancel();
    }
    if (over == null) {
      over = reason;
      var started = stream;
      if (started != null) {
        started.cancel(reason, null);
      }
    }
  }

  /** Ends the connection in good order: what was sent arrives. */
  void complete() {
    if (timer != null) {
      timer.cancel();
    }
    if (over == null) {
      call().onCompleted();
    }
  }

  private void receive(OrchestratorMessage message) {
    switch (message.getMessageCase()) {
      case REGISTERED -> onRegistered(message.getRegistered());
      case HEARTBEAT_REPLY -> onHeartbeatReply(message.getHeartbeatReply());
      case ASSIGNMENT -> onAssignment(message.getAssignment());
      case END_ATTEMPT -> {
        var reason = LinkCodec.reason(message.getEndAttempt());
        end(List.of(message.getEndAttempt().getAttempt()), reason);
      }
      case REPORT_ACK -> {
        long number = message.getReportAck().getReportNumber();
        leases(List.of(message.getReportAck().getAttempt()))
            .forEach(attempt -> ports.outbox().acknowledgeReport(attempt, number));
      }
      case LOG_ACK -> {
        long sequence = message.getLogAck().getSequence();
        leases(List.of(message.getLogAck().getAttempt()))
            .forEach(attempt -> ports.outbox().acknowledgeLog(attempt, sequence));
      }
      case EXEC_START -> execs.start(message.getExecStart());
      case EXEC_INPUT -> execs.input(message.getExecInput());
      case EXEC_SIGNAL -> execs.signal(message.getExecSignal());
      case KEEP_BUNDLES -> images.keep(message.getKeepBundles());
      case BUILD_IMAGE -> builds.build(message.getBuildImage());
      case CANCEL_BUILD -> builds.cancel(message.getCancelBuild().getBuildId());
      case BUILD_ENDED_ACK -> builds.acknowledged(message.getBuildEndedAck().getBuildId());
      // A newer orchestrator may say what we do not know.
      case MESSAGE_NOT_SET -> log.atDebug().log("Message of an unknown kind was ignored");
    }
  }

  private void onRegistered(Registered message) {
    if (registered) {
      return;
    }
    registered = true;
    heartbeat = seconds(message.getHeartbeatSeconds());
    lease = seconds(message.getLeaseSeconds());
    end(message.getEndAttemptsList(), EndReason.LEASE_VOID);
    long now = ports.timers().nanoTime();
    nextHeartbeat = now;
    deadline = now + silence().toNanos();
    ports.listener().registered();
  }

  private void onHeartbeatReply(HeartbeatReply reply) {
    var asked = asks.answered();
    if (asked.isEmpty()) {
      log.atWarn().log("Heartbeat reply came that nobody had asked for");
      return;
    }
    deadline = ports.timers().nanoTime() + silence().toNanos();
    ports.attempts().renew(leases(reply.getRenewedList()), asked.getAsLong(), lease);
    end(reply.getEndAttemptsList(), EndReason.LEASE_VOID);
  }

  private void onAssignment(Assignment assignment) {
    Admission admission;
    try {
      var spec = LinkCodec.spec(assignment, ports.timers().nanoTime());
      long until =
          asks.sentAt(assignment.getLeaseFromMessage())
              + LinkCodec.leaseLeft(assignment, MAX_LEASE).toNanos();
      admission = ports.attempts().assign(spec, until, lease);
    } catch (IllegalArgumentException invalid) {
      admission =
          new Admission.Refused(
              FaultCode.INTERNAL, "the assignment is not valid: " + invalid.getMessage());
    }
    switch (admission) {
      case Admission.Started() ->
          log.atInfo()
              .addKeyValue("job", assignment.getAttempt().getJobId())
              .addKeyValue("attempt", assignment.getAttempt().getAttemptNumber())
              .addKeyValue("image", assignment.getImage())
              .log("Attempt was started");
      case Admission.Known() -> log.atDebug().log("Assignment came again");
      case Admission.Fenced() ->
          log.atWarn()
              .addKeyValue("job", assignment.getAttempt().getJobId())
              .addKeyValue("epoch", assignment.getAttempt().getLeaseEpoch())
              .log("Assignment of an older epoch was ignored");
      // Nothing is said of it: its lease ends it there, or has done so.
      case Admission.Late() ->
          log.atWarn()
              .addKeyValue("job", assignment.getAttempt().getJobId())
              .addKeyValue("attempt", assignment.getAttempt().getAttemptNumber())
              .log("Assignment came after its lease was over and was ignored");
      case Admission.Refused refused -> {
        log.atWarn()
            .addKeyValue("job", assignment.getAttempt().getJobId())
            .addKeyValue("code", refused.code())
            .addKeyValue("reason", refused.reason())
            .log("Assignment was refused");
        send(LinkCodec.refusal(assignment.getAttempt(), refused));
      }
    }
  }

  private void end(List<AttemptRef> attempts, EndReason reason) {
    leases(attempts).forEach(attempt -> ports.attempts().end(attempt, reason));
  }

  private void sendHeartbeat(long now) {
    var message =
        Heartbeat.newBuilder()
            .addAllRunningAttempts(LinkCodec.refs(ports.attempts().held()))
            .setFreeMemoryMib(ports.readings().freeMemoryMib())
            .setFreeScratchMib(ports.readings().freeScratchMib());
    var ready = ports.bundles().ready();
    if (!ready.equals(bundlesSent)) {
      ready.forEach(digest -> message.addBundleDigests(digest.value()));
      bundlesSent = ready;
    }
    asks.heartbeat(now);
    nextHeartbeat = now + heartbeat.toNanos();
    wakeAt(nextHeartbeat);
    send(WorkerMessage.newBuilder().setHeartbeat(message).build());
  }

  /** Reads references; one that is not valid is logged and left out. */
  private static List<AttemptLease> leases(List<AttemptRef> refs) {
    var leases = new ArrayList<AttemptLease>();
    for (var ref : refs) {
      try {
        leases.add(LinkCodec.lease(ref));
      } catch (IllegalArgumentException invalid) {
        log.atWarn()
            .addKeyValue("reason", invalid.getMessage())
            .log("Reference to an attempt was not valid");
      }
    }
    return leases;
  }

  private Duration silence() {
    return heartbeat.multipliedBy(SILENT_HEARTBEATS);
  }

  private static Duration seconds(int asked) {
    return Duration.ofSeconds(Math.clamp(asked, 1, MAX_SECONDS));
  }

  private void wakeAt(long nanoTime) {
    if (timer != null) {
      timer.cancel();
    }
    var delay = Duration.ofNanos(nanoTime - ports.timers().nanoTime());
    timer = ports.timers().after(delay, ports.nudge()::give);
  }

  private void send(WorkerMessage message) {
    call().onNext(message);
  }

  private ClientCallStreamObserver<WorkerMessage> call() {
    var started = stream;
    if (started == null) {
      throw new IllegalStateException("the call has not been started");
    }
    return started;
  }
}
