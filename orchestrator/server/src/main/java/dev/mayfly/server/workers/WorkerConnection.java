package dev.mayfly.server.workers;

import dev.mayfly.api.WorkerId;
import dev.mayfly.api.worker.v1.AttemptReport;
import dev.mayfly.api.worker.v1.Heartbeat;
import dev.mayfly.api.worker.v1.HeartbeatReply;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.Refusal;
import dev.mayfly.api.worker.v1.Register;
import dev.mayfly.api.worker.v1.Registered;
import dev.mayfly.api.worker.v1.ReportAck;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerMachine;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptEvent;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.EndRequest;
import dev.mayfly.core.job.ImagePreface;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStep;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.lease.LeasePolicy;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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
  private static final int PROTOCOL_VERSION = 3;

  /** A client that opens a call and says nothing. */
  private static final Duration REGISTER_TIMEOUT = Duration.ofSeconds(10);

  /** What the wire can say is left of a lease. */
  private static final Duration LEAST_LEASE = Duration.of(1, ChronoUnit.MICROS);

  private static final Logger log = LoggerFactory.getLogger(WorkerConnection.class);

  private final WorkerLinkContext context;
  private final Instant opened;
  private final Inbound inbound;
  private final Outbound outbound;
  private final LogIngest ingest;
  private final ExecLink execs;
  private final BundleLink bundles;
  private final BuildLink builds;
  private final ReportIngest reports;
  private final Set<JobStore.Claim> told = ConcurrentHashMap.newKeySet();
  private final Map<JobStore.Claim, EndRequest> ended = new ConcurrentHashMap<>();
  private volatile @Nullable WorkerId id;
  private volatile long number;

  /** Which message about leases was handled last: 0 Register, n the n-th Heartbeat. */
  private volatile int handled;

  private int heartbeats;

  /** A worker that joins gets work from its first heartbeat on. */
  private boolean heard;

  private WorkerState stateAfterwards = WorkerState.SILENT;

  WorkerConnection(WorkerLinkContext context, Inbound inbound, Outbound outbound) {
    this.context = context;
    this.opened = context.clock().instant();
    this.inbound = inbound;
    this.outbound = outbound;
    this.ingest = new LogIngest(context, inbound, outbound);
    this.execs =
        new ExecLink(
            context.execs(), context.execNudges(), context.feed(), context.clock(), outbound);
    this.builds =
        new BuildLink(
            context.builds(),
            context.buildDesk(),
            context.imageNudges(),
            context.clock(),
            outbound);
    this.bundles = new BundleLink(context.onWorkers(), context.clock(), outbound);
    this.reports = new ReportIngest(inbound, this::report);
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
      if (number > 0) {
        context.connected().leave(worker, this, number, stateAfterwards);
      }
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

  private void handle(WorkerMessage message) throws InterruptedException {
    switch (message.getMessageCase()) {
      case HEARTBEAT -> heartbeat(message.getHeartbeat());
      case REPORT -> reports.take(message.getReport());
      case LOG_CHUNK -> ingest.store(worker(), message.getLogChunk());
      case REFUSAL -> refusal(message.getRefusal());
      case LEAVING -> leaving();
      case BUILD_PROGRESS -> builds.progress(worker(), message.getBuildProgress());
      case BUILD_ENDED -> builds.ended(worker(), message.getBuildEnded());
      case BUNDLE_STATES -> bundles.states(worker(), message.getBundleStates());
      case EXEC_INPUT_ACK -> execs.acknowledged(worker(), message.getExecInputAck());
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
    WorkerState state =
        WorkerMachine.registered(
            context.workers().find(WireCodec.workerId(message)).map(Worker::state));
    Worker worker = WireCodec.worker(message, state, now);
    List<JobStore.Claim> claims = WireCodec.claims(message.getRunningAttemptsList());
    id = worker.id();
    Instant until = context.leases().renewedUntil(now);
    JobStore.Renewal renewal = context.jobs().renew(worker.id(), claims, now, until);
    told.addAll(renewal.renewed());
    List<Job> active = context.jobs().activeOn(worker.id());
    reclaim(active, new HashSet<>(claims), now);
    Registered.Builder answer =
        Registered.newBuilder()
            .setHeartbeatSeconds(Math.toIntExact(context.leases().heartbeatInterval().toSeconds()))
            .setLeaseSeconds(Math.toIntExact(context.leases().leaseDuration().toSeconds()));
    renewal.voided().forEach(claim -> answer.addEndAttempts(WireCodec.ref(claim)));
    // Before the worker joins: what joins may be sent an assignment at once.
    outbound.send(OrchestratorMessage.newBuilder().setRegistered(answer).build());
    List<JobStore.Claim> wanted = WireCodec.claims(message.getAssignmentsWantedList());
    sendAgain(active, wanted);
    execs.wanted(wanted);
    context.connected().join(worker, this);
    bundles.forget(worker.id());
    builds.registered(worker.id(), message.getBuildsList());
    log.atInfo()
        .addKeyValue("worker", worker.id())
        .addKeyValue("name", worker.name())
        .addKeyValue("version", worker.version())
        .addKeyValue("attempts", claims.size())
        .log("Worker registered");
    context.nudges().placement();
    context.nudges().worker(worker.id());
    context.execNudges().execsHere();
    context.imageNudges().keepHere();
    return true;
  }

  /**
   * What the worker should have and does not name is gone with its microVM; its end may still be
   * among what the worker has to report, so it gets a short time for that. A message that was long
   * on its way says nothing of what was placed since, and may be on a newer connection.
   */
  private void reclaim(List<Job> active, Set<JobStore.Claim> named, Instant now) {
    for (Job job : active) {
      Attempt attempt = job.currentAttempt();
      JobStore.Claim claim = new JobStore.Claim(attempt.id(), attempt.lease().epoch());
      if (!named.contains(claim)
          && !attempt.placedAt().isAfter(opened)
          && !(attempt.state() instanceof AttemptState.Placed)) {
        context.jobs().shorten(claim, context.leases().unclaimedUntil(attempt.lease(), now));
      }
    }
  }

  /** A worker that restarted has its microVMs, but not what was to be done in them. */
  private void sendAgain(List<Job> active, List<JobStore.Claim> wanted) {
    Set<JobStore.Claim> asked = new HashSet<>(wanted);
    for (Job job : active) {
      Attempt attempt = job.currentAttempt();
      JobStore.Claim claim = new JobStore.Claim(attempt.id(), attempt.lease().epoch());
      if (asked.contains(claim)) {
        told.remove(claim);
        assign(job, claim);
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
    renewal.voided().forEach(this::forget);
    handled = ++heartbeats;
    outbound.send(OrchestratorMessage.newBuilder().setHeartbeatReply(reply).build());
    if (bundlesChanged || !heard) {
      heard = true;
      context.nudges().placement();
    }
  }

  /** Also called by several threads at once, for different attempts. */
  private void report(AttemptReport message) {
    if (ExecWire.isAboutExec(message)) {
      execs.report(worker(), message);
    } else {
      apply(
          WireCodec.claim(message.getAttempt()),
          WireCodec.report(message, context.clock().instant()));
    }
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
    // What it was told of here, or has named here and was renewed, is its own.
    if (!told.contains(claim) && !owned(claim)) {
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
        forget(claim);
        context.nudges().placement();
        context.execNudges().execsHere();
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
    boolean newest = context.connected().leaving(worker(), number);
    if (newest) {
      bundles.forget(worker());
    }
    context.nudges().placement();
    log.atInfo().addKeyValue("worker", id).addKeyValue("newest", newest).log("Worker leaves");
  }

  /** What it has to do with builds of images. */
  BuildLink builds() {
    return builds;
  }

  /** What it has to do with bundles. */
  BundleLink bundles() {
    return bundles;
  }

  /** What it has to do with execs. */
  ExecLink execs() {
    return execs;
  }

  /** The number under which this connection is known to all orchestrators; from 1. */
  void joinedAs(long connection) {
    number = connection;
  }

  /**
   * Sends an assignment unless the worker knows of it on this connection, or its lease is over:
   * then it is for the sweep of leases.
   */
  void assign(Job job, JobStore.Claim claim) {
    // Read first: what is left must be what was left after that message, or less.
    int since = handled;
    Duration left =
        Duration.between(context.clock().instant(), job.currentAttempt().lease().expiresAt());
    if (left.compareTo(LEAST_LEASE) >= 0 && told.add(claim)) {
      outbound.send(
          OrchestratorMessage.newBuilder()
              .setAssignment(
                  WireCodec.assignment(job, claim, left, since)
                      .addAllPreface(ImagePreface.lines(job, context.builds())))
              .build());
    }
  }

  /** Whether the worker named the attempt when it registered, or was sent it since. */
  boolean knows(JobStore.Claim claim) {
    return told.contains(claim);
  }

  /** Asks for the end of an attempt, once per connection and request. */
  void end(JobStore.Claim claim, EndRequest request) {
    if (!request.equals(ended.put(claim, request))) {
      outbound.send(
          OrchestratorMessage.newBuilder().setEndAttempt(WireCodec.end(claim, request)).build());
    }
  }

  private void forget(JobStore.Claim claim) {
    told.remove(claim);
    ended.remove(claim);
  }

  /** Of how many attempts this connection knows that it told the worker. */
  int remembered() {
    return told.size();
  }

  /** Bounds what is remembered to what is active. */
  void forgetAllBut(Set<JobStore.Claim> active) {
    told.retainAll(active);
    ended.keySet().retainAll(active);
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
