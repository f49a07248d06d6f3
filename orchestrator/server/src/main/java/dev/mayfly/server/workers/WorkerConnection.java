package dev.mayfly.server.workers;

import dev.mayfly.api.WorkerId;
import dev.mayfly.api.worker.v1.AttemptReport;
import dev.mayfly.api.worker.v1.EndAttempt;
import dev.mayfly.api.worker.v1.EndReason;
import dev.mayfly.api.worker.v1.Heartbeat;
import dev.mayfly.api.worker.v1.HeartbeatReply;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.Refusal;
import dev.mayfly.api.worker.v1.Register;
import dev.mayfly.api.worker.v1.Registered;
import dev.mayfly.api.worker.v1.ReportAck;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptEvent;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStep;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.lease.LeasePolicy;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One worker's connection. Everything that comes up is handled by one virtual thread, in the order
 * it came; what goes down may be sent by any thread.
 */
class WorkerConnection implements Runnable {
  private static final int PROTOCOL_VERSION = 2;

  /** A client that opens a call and says nothing. */
  private static final Duration REGISTER_TIMEOUT = Duration.ofSeconds(10);

  private static final Logger log = LoggerFactory.getLogger(WorkerConnection.class);

  private final WorkerLinkContext context;
  private final Inbound inbound;
  private final Outbound outbound;
  private final LogIngest ingest;
  private final Set<JobStore.Claim> told = ConcurrentHashMap.newKeySet();
  private final Set<JobStore.Claim> cancelled = ConcurrentHashMap.newKeySet();
  private volatile @Nullable WorkerId id;
  private WorkerState stateAfterwards = WorkerState.SILENT;

  WorkerConnection(WorkerLinkContext context, Inbound inbound, Outbound outbound) {
    this.context = context;
    this.inbound = inbound;
    this.outbound = outbound;
    this.ingest = new LogIngest(context, inbound, outbound);
  }

  WorkerId worker() {
    WorkerId worker = id;
    if (worker == null) {
      throw new IllegalStateException("the worker has not registered");
    }
    return worker;
  }

  /** The top of a connection's thread: what breaks here ends the connection, and is logged once. */
  @Override
  public void run() {
    try {
      serve();
    } catch (InvalidMessageException invalid) {
      log.atWarn()
          .addKeyValue("worker", id)
          .addKeyValue("problem", invalid.getMessage())
          .log("Worker sent what is not the protocol");
      outbound.close(Status.INVALID_ARGUMENT.withDescription(invalid.getMessage()));
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      outbound.close(Status.UNAVAILABLE.withDescription("the orchestrator stops"));
    } catch (RuntimeException failed) {
      log.atError().addKeyValue("worker", id).setCause(failed).log("Worker connection failed");
      outbound.close(
          Status.UNAVAILABLE.withDescription("something broke in the orchestrator; come again"));
    } finally {
      left();
    }
  }

  private void left() {
    WorkerId worker = id;
    if (worker == null) {
      return;
    }
    try {
      context.connected().leave(worker, this, stateAfterwards);
    } catch (RuntimeException failed) {
      // The sweep for silent workers will see it; the lease of what it runs expires by itself.
      log.atWarn().addKeyValue("worker", worker).setCause(failed).log("Could not mark worker");
    }
    log.atInfo()
        .addKeyValue("worker", worker)
        .addKeyValue("state", stateAfterwards)
        .log("Worker disconnected");
    context.nudges().placement();
  }

  private void serve() throws InterruptedException {
    if (!(inbound.take(REGISTER_TIMEOUT) instanceof Inbound.Item.Message(WorkerMessage first))
        || !first.hasRegister()) {
      outbound.close(
          Status.INVALID_ARGUMENT.withDescription("register: must be the first message"));
      return;
    }
    if (!register(first.getRegister())) {
      return;
    }
    Duration silence =
        context
            .leases()
            .heartbeatInterval()
            .multipliedBy(LeasePolicy.MISSED_HEARTBEATS_UNTIL_SILENT);
    while (!outbound.closed()) {
      switch (inbound.take(silence)) {
        case null -> {
          outbound.close(Status.DEADLINE_EXCEEDED.withDescription("nothing was heard for long"));
          return;
        }
        case Inbound.Item.End _ -> {
          outbound.close(Status.OK);
          return;
        }
        case Inbound.Item.Message(WorkerMessage message) -> handle(message);
      }
    }
  }

  private void handle(WorkerMessage message) {
    switch (message.getMessageCase()) {
      case HEARTBEAT -> heartbeat(message.getHeartbeat());
      case REPORT -> report(message.getReport());
      case LOG_CHUNK -> ingest.store(worker(), message.getLogChunk());
      case REFUSAL -> refusal(message.getRefusal());
      case LEAVING -> leaving();
      case EXEC_INPUT_ACK ->
          throw new InvalidMessageException("exec_input_ack", "is about an unknown exec");
      case REGISTER ->
          throw new InvalidMessageException("register", "came twice on one connection");
      case MESSAGE_NOT_SET -> throw new InvalidMessageException("message", "is missing");
    }
  }

  /** False when the call has been ended. */
  private boolean register(Register message) {
    if (message.getProtocolVersion() != PROTOCOL_VERSION) {
      outbound.close(
          Status.FAILED_PRECONDITION.withDescription(
              "protocol_version: this orchestrator speaks "
                  + PROTOCOL_VERSION
                  + ", the worker speaks "
                  + message.getProtocolVersion()));
      return false;
    }
    Instant now = context.clock().instant();
    Worker worker = WireCodec.worker(message, now);
    List<JobStore.Claim> claims = WireCodec.claims(message.getRunningAttemptsList());
    id = worker.id();
    told.addAll(claims);
    Instant until = context.leases().renewedUntil(now);
    JobStore.Renewal renewal = context.jobs().renew(worker.id(), claims, now, until);
    reclaim(worker.id(), new HashSet<>(claims), now);
    Registered.Builder answer =
        Registered.newBuilder()
            .setHeartbeatSeconds(Math.toIntExact(context.leases().heartbeatInterval().toSeconds()))
            .setLeaseSeconds(Math.toIntExact(context.leases().leaseDuration().toSeconds()));
    renewal.voided().forEach(claim -> answer.addEndAttempts(WireCodec.ref(claim)));
    // Before the worker joins: what joins may be sent an assignment at once.
    outbound.send(OrchestratorMessage.newBuilder().setRegistered(answer).build());
    context.connected().join(worker, this);
    log.atInfo()
        .addKeyValue("worker", worker.id())
        .addKeyValue("name", worker.name())
        .addKeyValue("version", worker.version())
        .addKeyValue("attempts", claims.size())
        .log("Worker registered");
    context.nudges().placement();
    context.nudges().assignments();
    return true;
  }

  /**
   * What the worker should have and does not name is gone with its microVM; its end may still be
   * among what the worker has to report, so it gets a short time for that.
   */
  private void reclaim(WorkerId worker, Set<JobStore.Claim> named, Instant now) {
    for (Job job : context.jobs().activeOn(worker)) {
      Attempt attempt = job.currentAttempt();
      JobStore.Claim claim = new JobStore.Claim(attempt.id(), attempt.lease().epoch());
      if (!named.contains(claim) && !(attempt.state() instanceof AttemptState.Placed)) {
        context.jobs().shorten(claim, context.leases().unclaimedUntil(attempt.lease(), now));
      }
    }
  }

  private void heartbeat(Heartbeat message) {
    Instant now = context.clock().instant();
    List<JobStore.Claim> claims = WireCodec.claims(message.getRunningAttemptsList());
    boolean bundlesChanged = message.getBundleDigestsCount() > 0;
    context.workers().heartbeat(worker(), now, WireCodec.bundles(message.getBundleDigestsList()));
    JobStore.Renewal renewal =
        context.jobs().renew(worker(), claims, now, context.leases().renewedUntil(now));
    HeartbeatReply.Builder reply = HeartbeatReply.newBuilder();
    renewal.renewed().forEach(claim -> reply.addRenewed(WireCodec.ref(claim)));
    renewal.voided().forEach(claim -> reply.addEndAttempts(WireCodec.ref(claim)));
    outbound.send(OrchestratorMessage.newBuilder().setHeartbeatReply(reply).build());
    if (bundlesChanged) {
      context.nudges().placement();
    }
  }

  private void report(AttemptReport message) {
    JobStore.Claim claim = WireCodec.claim(message.getAttempt());
    AttemptEvent.Reported event = WireCodec.report(message, context.clock().instant());
    apply(claim, event);
    outbound.send(
        OrchestratorMessage.newBuilder()
            .setReportAck(
                ReportAck.newBuilder()
                    .setAttempt(message.getAttempt())
                    .setReportNumber(message.getReportNumber()))
            .build());
  }

  private void refusal(Refusal message) {
    JobStore.Claim claim = WireCodec.claim(message.getAttempt());
    apply(
        claim,
        WireCodec.refusal(message.getFaultCode(), message.getReason(), context.clock().instant()));
  }

  private void apply(JobStore.Claim claim, AttemptEvent event) {
    if (!owned(claim)) {
      log.atWarn()
          .addKeyValue("worker", id)
          .addKeyValue("attempt", claim.attempt())
          .log("Worker spoke of an attempt that is not its own");
      return;
    }
    Optional<JobStep> step = context.desk().onAttempt(claim.attempt(), claim.epoch(), event);
    if (step.isPresent() && step.get() instanceof JobStep.Changed(Job job)) {
      Attempt attempt = job.attempt();
      if (attempt != null && attempt.finished()) {
        log.atInfo()
            .addKeyValue("attempt", claim.attempt())
            .addKeyValue("worker", id)
            .log("Attempt finished");
        context.nudges().placement();
      }
      context.feed().nudge(claim.attempt().job());
    }
  }

  private boolean owned(JobStore.Claim claim) {
    return context
        .jobs()
        .find(claim.attempt().job())
        .map(Job::attempt)
        .filter(attempt -> attempt.worker().equals(id))
        .isPresent();
  }

  private void leaving() {
    stateAfterwards = WorkerState.LEFT;
    context.workers().mark(worker(), WorkerState.LEFT);
    log.atInfo().addKeyValue("worker", id).log("Worker leaves");
  }

  /** Sends an assignment unless the worker knows of it on this connection. */
  void assign(Job job, JobStore.Claim claim) {
    if (told.add(claim)) {
      outbound.send(
          OrchestratorMessage.newBuilder().setAssignment(WireCodec.assignment(job, claim)).build());
    }
  }

  /** Whether the worker named the attempt when it registered, or was sent it since. */
  boolean knows(JobStore.Claim claim) {
    return told.contains(claim);
  }

  /** Asks for the end of an attempt, once per connection. */
  void cancel(JobStore.Claim claim) {
    if (cancelled.add(claim)) {
      outbound.send(
          OrchestratorMessage.newBuilder()
              .setEndAttempt(
                  EndAttempt.newBuilder()
                      .setAttempt(WireCodec.ref(claim))
                      .setReason(EndReason.END_REASON_CANCELLED))
              .build());
    }
  }

  /** Bounds what is remembered to what is active. */
  void forgetAllBut(Set<JobStore.Claim> active) {
    told.retainAll(active);
    cancelled.retainAll(active);
  }

  /** The same worker has connected again. */
  void replaced() {
    outbound.close(Status.ABORTED.withDescription("the worker has connected again"));
    inbound.stop();
  }

  /** The orchestrator stops. */
  void stop() {
    outbound.close(Status.UNAVAILABLE.withDescription("the orchestrator stops"));
    inbound.stop();
  }
}
