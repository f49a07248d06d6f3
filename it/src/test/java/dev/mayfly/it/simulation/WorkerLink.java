package dev.mayfly.it.simulation;

import dev.mayfly.api.NetworkMode;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobSpec;
import dev.mayfly.worker.core.attempt.AttemptSpec;
import dev.mayfly.worker.core.attempt.Attempts;
import dev.mayfly.worker.core.attempt.Attempts.Admission;
import dev.mayfly.worker.core.attempt.EndReason;
import dev.mayfly.worker.core.attempt.Outbox;
import dev.mayfly.worker.core.attempt.Outbox.Sendable;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.Secrets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The worker's side of the link, as the daemon's: dials, registers, sends what the outbox holds,
 * obeys, and dials again.
 */
final class WorkerLink {
  private static final Duration REGISTER_LIMIT = Duration.ofSeconds(15);
  private static final int SILENT_HEARTBEATS = 3;
  private static final Duration SEND_PAUSE = Duration.ofMillis(1);

  private final SimulatedHost host;
  private final SimulatedProcess process;
  private final Attempts attempts;
  private final Outbox outbox;
  private final Outbox.Cursor onlyCursor;
  private final Dialler dialler;
  private final World world;
  private boolean closed;
  private boolean nudged;
  private boolean leaving;
  private @Nullable Session session;

  /** Finds an orchestrator that answers; empty: none does. */
  interface Dialler {
    Optional<SimulatedConnection> dial(SimulatedProcess worker);
  }

  WorkerLink(
      SimulatedHost host,
      SimulatedProcess process,
      Attempts attempts,
      Outbox outbox,
      Dialler dialler,
      World world) {
    this.host = host;
    this.process = process;
    this.attempts = attempts;
    this.outbox = outbox;
    this.onlyCursor = outbox.cursor();
    this.dialler = dialler;
    this.world = world;
  }

  void start() {
    dial();
  }

  /** Ends for good; what was sent arrives. */
  void close() {
    closed = true;
    if (session != null) {
      session.connection.closeByWorker();
      session = null;
    }
  }

  /** There may be something to send; does not block. */
  void nudge() {
    if (!nudged) {
      nudged = true;
      process.after(
          SEND_PAUSE,
          () -> {
            nudged = false;
            reconcile();
          });
    }
  }

  void leave() {
    leaving = true;
    nudge();
  }

  /** The connection there is now. */
  Optional<SimulatedConnection> connection() {
    Session now = session;
    return now == null ? Optional.empty() : Optional.of(now.connection);
  }

  private void dial() {
    if (closed) {
      return;
    }
    Optional<SimulatedConnection> dialled = dialler.dial(process);
    if (dialled.isEmpty()) {
      dialAgain();
      return;
    }
    Session fresh = new Session(dialled.get());
    session = fresh;
    fresh.asks.add(process.nanoTime());
    fresh.connection.workerListens(fresh);
    fresh.connection.sendUp(
        new UpMessage.Register(
            host.id(),
            host.name(),
            new Capacity(
                host.capacity().cpus(), host.capacity().memoryMib(), host.capacity().scratchMib()),
            attempts.held()));
    fresh.expectAnswerWithin(REGISTER_LIMIT);
  }

  private void dialAgain() {
    session = null;
    process.after(Duration.ofMillis(200 + world.random().nextInt(2_000)), this::dial);
  }

  private void reconcile() {
    Session now = session;
    if (now != null && now.registered) {
      now.sendOutbox();
      if (leaving) {
        now.leave();
      }
    }
  }

  /** One connection, from dialling to its end. */
  private final class Session implements SimulatedConnection.Receiver<DownMessage> {
    private final SimulatedConnection connection;
    private final Outbox.Cursor cursor =
        world.has(Defect.OUTBOX_IS_SENT_ONCE) ? onlyCursor : outbox.cursor();

    /** When Register was sent, and then each heartbeat. */
    private final List<Long> asks = new ArrayList<>();

    private int answered;
    private boolean registered;
    private boolean leavingSent;
    private Duration heartbeat = Duration.ZERO;
    private Duration lease = Duration.ZERO;
    private long deadline;

    Session(SimulatedConnection connection) {
      this.connection = connection;
    }

    private void expectAnswerWithin(Duration limit) {
      deadline = process.nanoTime() + limit.toNanos();
      process.after(limit, this::checkSilence);
    }

    private void checkSilence() {
      if (session == this && process.nanoTime() - deadline >= 0) {
        end();
      }
    }

    private void end() {
      connection.closeByWorker();
      closed();
    }

    @Override
    public void closed() {
      if (session == this) {
        dialAgain();
      }
    }

    @Override
    public void message(DownMessage message) {
      if (session != this) {
        return;
      }
      switch (message) {
        case DownMessage.Registered(var every, var leaseFor, var ended) -> {
          if (registered) {
            return;
          }
          registered = true;
          heartbeat = every;
          lease = leaseFor;
          ended.forEach(gone -> attempts.end(gone, EndReason.LEASE_VOID));
          expectAnswerWithin(silence());
          beat();
          nudge();
        }
        case DownMessage.HeartbeatReply(var renewed, var ended) -> {
          if (answered == asks.size() - 1) {
            return;
          }
          expectAnswerWithin(silence());
          attempts.renew(renewed, asks.get(++answered), lease);
          ended.forEach(gone -> attempts.end(gone, EndReason.LEASE_VOID));
        }
        case DownMessage.Assignment(var job, var assigned, var left, var handled) ->
            assign(job, assigned, left, asks.get(handled));
        case DownMessage.EndAttempt(var ended, var reason) -> attempts.end(ended, reason);
        case DownMessage.ReportAck(var about, var number) ->
            outbox.acknowledgeReport(about, number);
        case DownMessage.LogAck(var about, var sequence) -> outbox.acknowledgeLog(about, sequence);
      }
    }

    private Duration silence() {
      return heartbeat.multipliedBy(SILENT_HEARTBEATS);
    }

    private void beat() {
      if (session != this) {
        return;
      }
      asks.add(process.nanoTime());
      connection.sendUp(new UpMessage.Heartbeat(attempts.held()));
      process.after(heartbeat, this::beat);
    }

    /**
     * @param left of the lease when the orchestrator had handled what we asked: counted from when
     *     we did, our deadline is never after its own
     */
    private void assign(Job job, AttemptLease assigned, Duration left, long asked) {
      if (!registered) {
        // It has overtaken what it comes after on a stream.
        return;
      }
      long now = process.nanoTime();
      long until =
          world.has(Defect.LEASE_COUNTS_FROM_ARRIVAL)
              ? now + lease.toNanos()
              : asked + left.toNanos();
      Admission admission = attempts.assign(spec(job, assigned, now), until, lease);
      world.trace(process, "admitted", assigned + " " + admission);
      switch (admission) {
        case Admission.Started _, Admission.Known _, Admission.Fenced _, Admission.Late _ -> {}
        case Admission.Refused(var code, var reason) ->
            connection.sendUp(new UpMessage.Refusal(assigned, code, reason));
      }
    }

    void sendOutbox() {
      for (Optional<Sendable> next = cursor.next();
          next.isPresent() && session == this;
          next = cursor.next()) {
        connection.sendUp(
            switch (next.get()) {
              case Sendable.Report(var report) -> new UpMessage.Report(report);
              case Sendable.Chunk(var about, var chunk) -> new UpMessage.Chunk(about, chunk);
            });
      }
    }

    void leave() {
      if (!leavingSent) {
        leavingSent = true;
        connection.sendUp(new UpMessage.Leaving());
      }
    }
  }

  private static AttemptSpec spec(Job job, AttemptLease lease, long assignedAt) {
    JobSpec spec = job.spec();
    return new AttemptSpec(
        lease,
        spec.bundle().orElseThrow(),
        spec.image().value(),
        spec.shape(),
        spec.command(),
        List.of(),
        spec.workingDirectory(),
        spec.user(),
        spec.limits().run(),
        NetworkMode.NONE,
        spec.command().isEmpty(),
        Duration.ZERO,
        Secrets.of(List.of()),
        spec.limits().logBytes(),
        assignedAt);
  }
}
