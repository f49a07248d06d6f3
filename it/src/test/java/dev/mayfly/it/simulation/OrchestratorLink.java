package dev.mayfly.it.simulation;

import dev.mayfly.api.Label;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.Vmm;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerMachine;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptEvent.Change;
import dev.mayfly.core.job.AttemptEvent.Refused;
import dev.mayfly.core.job.AttemptEvent.Reported;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobStep;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.JobStore.Claim;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.log.LogChunk;
import dev.mayfly.core.log.LogStore.Append;
import dev.mayfly.worker.core.attempt.AttemptEvent;
import dev.mayfly.worker.core.attempt.AttemptReport;
import dev.mayfly.worker.core.attempt.EndReason;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The orchestrator's side of one link, as the server's: what the worker says is applied and then
 * acknowledged, in the order it came. What the database does not take ends the connection.
 */
final class OrchestratorLink implements SimulatedConnection.Receiver<UpMessage> {
  private static final int SILENT_HEARTBEATS = LeasePolicy.MISSED_HEARTBEATS_UNTIL_SILENT;

  private final OrchestratorLinks links;
  private final SimulatedConnection connection;
  private final Instant opened;
  private final Set<Claim> told = new HashSet<>();
  private final Set<Claim> ended = new HashSet<>();
  private @Nullable WorkerId worker;
  private WorkerState afterwards = WorkerState.SILENT;
  private long number;
  private int handled;
  private final Queue<UpMessage> mailbox = new ArrayDeque<>();
  private boolean busy;
  private boolean over;
  private long heardAt;

  OrchestratorLink(OrchestratorLinks links, SimulatedConnection connection) {
    this.links = links;
    this.connection = connection;
    this.opened = links.now();
    heard();
  }

  private void heard() {
    heardAt = links.process().nanoTime();
    Duration silence = links.leases().heartbeatInterval().multipliedBy(SILENT_HEARTBEATS);
    links
        .process()
        .after(
            silence,
            () -> {
              if (links.process().nanoTime() - heardAt >= silence.toNanos()) {
                end();
              }
            });
  }

  /** Ends the connection from this side. Idempotent. */
  void end() {
    if (!over) {
      connection.closeByOrchestrator();
      closed();
    }
  }

  @Override
  public void closed() {
    if (over) {
      return;
    }
    over = true;
    left();
  }

  private void left() {
    if (worker != null && number > 0) {
      try {
        links.leave(worker, this, afterwards);
      } catch (StoreFailure expected) {
        // The sweep for silent workers sees it.
      }
    }
    links.nudge();
  }

  /** The number under which this connection is known to all orchestrators; 0: not yet. */
  long number() {
    return number;
  }

  @Override
  public void message(UpMessage message) {
    mailbox.add(message);
    if (busy) {
      return;
    }
    busy = true;
    try {
      for (UpMessage next = mailbox.poll(); next != null; next = mailbox.poll()) {
        handle(next);
      }
    } finally {
      busy = false;
    }
  }

  private void handle(UpMessage message) {
    if (over) {
      return;
    }
    heard();
    try {
      switch (message) {
        case UpMessage.Register register -> register(register);
        case UpMessage.Heartbeat(var running) -> heartbeat(running);
        case UpMessage.Report(var report) -> report(report);
        case UpMessage.Chunk(var lease, var chunk) -> chunk(lease, chunk);
        case UpMessage.Refusal(var lease, var code, var reason) ->
            apply(claim(lease), new Refused(code, reason, links.now()));
        case UpMessage.Leaving() -> {
          afterwards = WorkerState.LEFT;
          links.database().connections().disconnect(known(), number, WorkerState.LEFT);
        }
      }
    } catch (StoreFailure expected) {
      links.world().trace(links.process(), "failed", String.valueOf(expected.getMessage()));
      end();
    }
  }

  private WorkerId known() {
    if (worker == null) {
      throw new IllegalStateException("register was not the first message");
    }
    return worker;
  }

  static Claim claim(AttemptLease lease) {
    return new Claim(lease.attempt(), lease.epoch());
  }

  static AttemptLease lease(Claim claim) {
    return new AttemptLease(claim.attempt(), claim.epoch());
  }

  private static List<Claim> claims(Collection<AttemptLease> leases) {
    return leases.stream().map(OrchestratorLink::claim).toList();
  }

  private List<AttemptLease> ended(JobStore.Renewal renewal) {
    return links.world().has(Defect.NOTHING_IS_FENCED) ? List.of() : leases(renewal.voided());
  }

  private static List<AttemptLease> leases(Collection<Claim> claims) {
    return claims.stream()
        .map(OrchestratorLink::lease)
        .sorted(java.util.Comparator.comparing(AttemptLease::toString))
        .toList();
  }

  private void register(UpMessage.Register message) {
    Instant now = links.now();
    worker = message.id();
    WorkerState state =
        WorkerMachine.registered(links.database().workers().find(message.id()).map(Worker::state));
    List<Claim> claims = claims(message.running());
    told.addAll(claims);
    JobStore jobs = links.database().jobs();
    JobStore.Renewal renewal =
        jobs.renew(message.id(), claims, now, links.leases().renewedUntil(now));
    reclaim(message.id(), new HashSet<>(claims), now);
    connection.sendDown(
        new DownMessage.Registered(
            links.leases().heartbeatInterval(), links.leases().leaseDuration(), ended(renewal)));
    number = links.database().connections().connect(worker(message, state, now));
    links.join(message.id(), this);
    if (over) {
      // It ended while its number was being made.
      left();
    }
    links.nudge();
  }

  private static Worker worker(UpMessage.Register message, WorkerState state, Instant now) {
    WorkerPoolName pool = new WorkerPoolName("default");
    return new Worker(
        message.id(),
        message.name(),
        state,
        "simulated",
        "x86_64",
        "6.1.0",
        message.capacity(),
        List.of(new Vmm("simulated", "1", "none", true, "answers")),
        Set.of(HostPorts.BUNDLE),
        Set.of(new Label("pool=default")),
        pool,
        true,
        new Duty.Accepting(),
        now);
  }

  /** What the worker should have and does not name is gone with its microVM. */
  private void reclaim(WorkerId of, Set<Claim> named, Instant now) {
    for (Job job : links.database().jobs().activeOn(of)) {
      Attempt attempt = job.currentAttempt();
      Claim claim = new Claim(attempt.id(), attempt.lease().epoch());
      if (!named.contains(claim)
          && !attempt.placedAt().isAfter(opened)
          && !(attempt.state() instanceof AttemptState.Placed)) {
        links.database().jobs().shorten(claim, links.leases().unclaimedUntil(attempt.lease(), now));
      }
    }
  }

  private void heartbeat(List<AttemptLease> running) {
    Instant now = links.now();
    links.database().workers().heartbeat(known(), now, Set.of());
    JobStore.Renewal renewal =
        links
            .database()
            .jobs()
            .renew(known(), claims(running), now, links.leases().renewedUntil(now));
    handled++;
    connection.sendDown(new DownMessage.HeartbeatReply(leases(renewal.renewed()), ended(renewal)));
  }

  private void report(AttemptReport report) {
    Map<dev.mayfly.api.Phase, Long> phases = new EnumMap<>(dev.mayfly.api.Phase.class);
    report.phases().forEach((phase, since) -> phases.put(phase, since.toNanos() / 1000));
    Change change =
        switch (report.event()) {
          case AttemptEvent.Preparing() -> new Change.Preparing();
          case AttemptEvent.Running(var kernel, var vmm) -> new Change.Running(vmm, kernel);
          case AttemptEvent.Finished finished ->
              new Change.Finished(
                  finished.outcome(), finished.logChunks(), finished.peakMemoryKib(), links.now());
          case AttemptEvent.ExecStarted _, AttemptEvent.ExecEnded _ -> null;
        };
    if (change != null) {
      apply(claim(report.lease()), new Reported(report.number(), phases, change));
    }
    connection.sendDown(new DownMessage.ReportAck(report.lease(), report.number()));
  }

  private void apply(Claim claim, dev.mayfly.core.job.AttemptEvent event) {
    boolean own =
        links
            .database()
            .jobs()
            .find(claim.attempt().job())
            .map(Job::attempt)
            .filter(attempt ->
                attempt.worker().equals(worker) || links.world().has(Defect.NOTHING_IS_FENCED))
            .isPresent();
    if (!own) {
      return;
    }
    Claim under = links.world().has(Defect.NOTHING_IS_FENCED) ? current(claim) : claim;
    Optional<JobStep> step = links.desk().onAttempt(under.attempt(), under.epoch(), event);
    if (step.isPresent() && step.get() instanceof JobStep.Changed(Job job)) {
      links.world().trace(links.process(), "applied", claim + " " + job.progress());
      links.nudge();
    }
  }

  private Claim current(Claim claim) {
    return links
        .database()
        .jobs()
        .find(claim.attempt().job())
        .map(Job::attempt)
        .map(attempt -> new Claim(attempt.id(), attempt.lease().epoch()))
        .orElse(claim);
  }

  private void chunk(AttemptLease lease, dev.mayfly.worker.core.log.LogChunk chunk) {
    Claim claim = claim(lease);
    Optional<Attempt> source =
        links.database().jobs().attempts(claim.attempt().job()).stream()
            .filter(attempt -> attempt.id().equals(claim.attempt()))
            .filter(attempt -> attempt.worker().equals(worker))
            .findFirst();
    if (source.isEmpty()) {
      connection.sendDown(new DownMessage.LogAck(lease, chunk.sequence()));
      return;
    }
    LogChunk stored =
        new LogChunk(
            chunk.sequence(),
            chunk.stream(),
            source.get().placedAt().plus(chunk.microsSinceAssigned(), ChronoUnit.MICROS),
            ByteBuffer.wrap(chunk.data()));
    if (links.world().has(Defect.LOG_IS_ACKNOWLEDGED_FIRST)) {
      connection.sendDown(new DownMessage.LogAck(lease, chunk.sequence()));
    }
    switch (links.database().logs().append(claim, List.of(stored))) {
      case Append.Stored(long sequence) ->
          connection.sendDown(new DownMessage.LogAck(lease, sequence));
      case Append.Unwanted _ ->
          connection.sendDown(new DownMessage.LogAck(lease, chunk.sequence()));
      case Append.Gap _ -> end();
    }
  }

  /** Sends an assignment unless the worker knows of it on this connection, or its lease is over. */
  void assign(Job job, Claim claim) {
    Duration left = Duration.between(links.now(), job.currentAttempt().lease().expiresAt());
    if (left.isPositive() && told.add(claim)) {
      connection.sendDown(new DownMessage.Assignment(job, lease(claim), left, handled));
    }
  }

  boolean knows(Claim claim) {
    return told.contains(claim);
  }

  /** Asks for the end of an attempt, once per connection. */
  void endAttempt(Claim claim, EndReason reason) {
    if (ended.add(claim)) {
      connection.sendDown(new DownMessage.EndAttempt(lease(claim), reason));
    }
  }

  /** Bounds what is remembered to what is active. */
  void forgetAllBut(Set<Claim> active) {
    told.retainAll(active);
    ended.retainAll(active);
  }
}
