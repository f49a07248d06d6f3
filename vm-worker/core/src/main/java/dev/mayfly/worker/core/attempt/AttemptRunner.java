package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.worker.core.attempt.AttemptMessage.Alarm;
import dev.mayfly.worker.core.attempt.Preparation.Started;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestExec.ExecEnd;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.time.Timers.Timer;
import dev.mayfly.worker.core.undo.Undo;
import dev.mayfly.worker.core.undo.UndoException;
import dev.mayfly.worker.core.vm.MicroVm;
import dev.mayfly.worker.core.vm.MicroVmEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns one attempt from assignment to its last report.
 *
 * <p>One virtual thread owns the attempt and reads its bounded mailbox; a second one does the
 * blocking steps of the {@link Preparation}, so that an end asked for from outside takes effect at
 * once. Time comes as messages of {@link dev.mayfly.worker.core.time.Timers}.
 */
final class AttemptRunner {
  /** Between SIGTERM and the end of the microVM when the job ran out of time. */
  static final Duration TIMEOUT_GRACE = Duration.ofSeconds(10);

  /** The same when a user cancelled: somebody is waiting. */
  static final Duration CANCEL_GRACE = Duration.ofSeconds(5);

  /** The same when this worker leaves: it has 20 s in all. */
  static final Duration LEAVE_GRACE = Duration.ofSeconds(3);

  /** For the part of the preparation that has no limit of its own: reading and copying files. */
  static final Duration FILES_LIMIT = Duration.ofMinutes(5);

  /** A third of {@link Preparation#ORPHAN_LIMIT}: two pings may be lost. */
  static final Duration PING_PERIOD = Duration.ofSeconds(40);

  /** A guest with a thousand processes under emulation answers late. */
  static final Duration PING_LIMIT = Duration.ofSeconds(60);

  static final int PINGS_LOST_LIMIT = 3;

  /** How long to wait for the second of two signs that a microVM is gone. */
  static final Duration DEATH_NOTICE = Duration.ofSeconds(2);

  /** How often undoing is tried before what is left is the janitor's. */
  static final int UNDO_TRIES = 3;

  /** More than all senders together send: each message is sent at most once or waits for answer. */
  private static final int MAILBOX_CAPACITY = 64;

  /** How long the preparation may take to notice that it was interrupted. */
  private static final Duration PREPARATION_STOP = Duration.ofSeconds(5);

  private static final Logger log = LoggerFactory.getLogger(AttemptRunner.class);

  /**
   * How it ended.
   *
   * @param outcome null: report nothing
   */
  private record End(@Nullable Outcome outcome, long peakMemoryKib) {}

  private final AttemptSpec spec;
  private final AttemptHost host;
  private final AttemptLog output;
  private final AttemptReports reports;
  private final Runnable releaseSlot;
  private final MicroVm microVm;
  private final PhaseLog phases;
  private final GuestCalls calls;
  private final Undo undo = new Undo();
  private final BlockingQueue<AttemptMessage> mailbox = new ArrayBlockingQueue<>(MAILBOX_CAPACITY);
  private final Set<EndReason> requested = EnumSet.noneOf(EndReason.class);
  private final Map<Alarm, Timer> alarms = new EnumMap<>(Alarm.class);

  // Owned by the owner thread.
  private long reportNumber;
  private @Nullable Started started;
  private @Nullable Outcome givingUp;
  private @Nullable GuestException lost;
  private OptionalInt vmmExit = OptionalInt.empty();
  private int pingsLost;
  private long graceOver;

  /**
   * A runner that has not begun.
   *
   * @param releaseSlot gives the attempt's slot back; called once the microVM is gone, before the
   *     end is reported, so that whoever reads the report finds the room
   */
  AttemptRunner(
      AttemptSpec spec,
      AttemptHost host,
      AttemptLog output,
      AttemptReports reports,
      Runnable releaseSlot) {
    this.spec = spec;
    this.host = host;
    this.output = output;
    this.reports = reports;
    this.releaseSlot = releaseSlot;
    this.microVm = new MicroVm(spec.lease().microVmName());
    this.calls = new GuestCalls(spec.lease());
    this.phases = new PhaseLog(host.timers(), spec.assignedAt());
  }

  MicroVm microVm() {
    return microVm;
  }

  /** Asks for the end. Idempotent; returns at once, from any thread. */
  void end(EndReason reason) {
    synchronized (requested) {
      if (!requested.add(reason)) {
        return;
      }
    }
    post(new AttemptMessage.EndRequested(reason));
  }

  /** Runs the whole attempt on the calling thread; returns when nothing of it is left. */
  void run() {
    report(new AttemptEvent.Preparing());
    alarm(FILES_LIMIT.plus(host.limits().total()), Alarm.PREPARATION_OVERDUE);
    var preparer = Thread.ofVirtual().name("prepare " + microVm.name()).start(this::prepare);
    End end;
    try {
      end = awaitEnd();
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException("nobody interrupts an owner", interrupted);
    } catch (RuntimeException bug) {
      end = new End(bug(bug), 0);
    }
    phases.reach(Phase.ENDED);
    alarms.values().forEach(Timer::cancel);
    stop(preparer);
    var totals = output.end();
    destroy();
    phases.reach(Phase.DESTROYED);
    releaseSlot.run();
    if (end.outcome() == null) {
      reports.drop(spec.lease());
    } else {
      report(
          new AttemptEvent.Finished(
              end.outcome(), totals.chunks(), totals.bytes(), end.peakMemoryKib()));
    }
  }

  private void prepare() {
    try {
      var preparation = new Preparation(spec, host, microVm, phases, undo, this::take);
      post(new AttemptMessage.Prepared(preparation.run()));
    } catch (AttemptFault fault) {
      post(new AttemptMessage.NotPrepared(fault));
    } catch (InterruptedException given) {
      // Only the owner interrupts, and only when it knows the end already.
      Thread.currentThread().interrupt();
    } catch (RuntimeException bug) {
      post(new AttemptMessage.PreparationBroke(bug));
    }
  }

  private void take(GuestStream stream, long offset, byte[] data) throws InterruptedException {
    try {
      output.append(
          switch (stream) {
            case STDOUT -> LogStream.STDOUT;
            case STDERR -> LogStream.STDERR;
          },
          data);
    } catch (IOException failure) {
      post(new AttemptMessage.LogBroke(failure));
      output.end();
      throw new InterruptedException("the log spool could not be written");
    }
  }

  private End awaitEnd() throws InterruptedException {
    while (true) {
      // Every state has an alarm, so this wakes; the bound only guards against a bug in that.
      var message = mailbox.poll(AttemptSpec.MAX_TIMEOUT.toHours(), TimeUnit.HOURS);
      if (message == null) {
        throw new IllegalStateException("no message for " + AttemptSpec.MAX_TIMEOUT);
      }
      var end = on(message);
      if (end != null) {
        return end;
      }
    }
  }

  private @Nullable End on(AttemptMessage message) {
    return switch (message) {
      case AttemptMessage.Prepared(var prepared) -> {
        begin(prepared);
        yield null;
      }
      case AttemptMessage.NotPrepared(var fault) -> {
        microVm.advance(MicroVmEvent.FAILED);
        keepConsole(fault.console());
        yield new End(fault.outcome(), 0);
      }
      case AttemptMessage.PreparationBroke(var failure) -> new End(bug(failure), 0);
      case AttemptMessage.ExecEnded(var ended) -> onExecEnded(ended);
      case AttemptMessage.GuestLost(var failure) -> onGuestLost(failure);
      case AttemptMessage.VmmExited(var code) -> onVmmExited(code);
      case AttemptMessage.EndRequested(var reason) -> onEndRequested(reason);
      case AttemptMessage.LogBroke(var failure) ->
          new End(
              OutcomePolicy.fault(
                  FaultCode.INTERNAL,
                  "the worker could not write the log spool: " + failure.getMessage()),
              0);
      case AttemptMessage.PingEnded(var answered) -> onPingEnded(answered);
      case AttemptMessage.TimePassed(var passed) -> onAlarm(passed);
    };
  }

  private void begin(Started prepared) {
    started = prepared;
    prepared
        .exec()
        .ended()
        .whenComplete((end, failure) -> {
          if (end != null) {
            post(new AttemptMessage.ExecEnded(end));
          } else {
            post(new AttemptMessage.GuestLost(guestFailure(failure)));
          }
        });
    // A conversation that merely ended is told by the exec, after its last output is safe.
    prepared
        .session()
        .over()
        .thenAccept(failure -> {
          if (failure.kind() == GuestException.Kind.VIOLATION) {
            post(new AttemptMessage.GuestLost(failure));
          }
        });
    prepared.vm().exited().thenAccept(code -> post(new AttemptMessage.VmmExited(code)));
    alarm(spec.timeout(), Alarm.TIME_UP);
    alarm(PING_PERIOD, Alarm.PING_DUE);
    report(
        new AttemptEvent.Running(
            prepared.session().hello().kernelRelease(), host.hypervisor().identity().toString()));
  }

  private static GuestException guestFailure(Throwable failure) {
    var cause = failure instanceof CompletionException wrapped ? wrapped.getCause() : failure;
    return cause instanceof GuestException known
        ? known
        : new GuestException(GuestException.Kind.GONE, String.valueOf(cause));
  }

  private End onExecEnded(ExecEnd ended) {
    if (ended.outputGivenUp()) {
      tell("processes that the job left behind still held its output open; they were killed");
    }
    var outcome = givingUp != null ? givingUp : OutcomePolicy.ended(ended, spec.shape());
    return new End(outcome, ended.peakMemoryKib());
  }

  private @Nullable End onGuestLost(GuestException failure) {
    if (givingUp != null) {
      return new End(givingUp, 0);
    }
    if (failure.kind() == GuestException.Kind.VIOLATION || vmmExit.isPresent()) {
      return lost(failure);
    }
    if (lost == null) {
      lost = failure;
      alarm(DEATH_NOTICE, Alarm.DEATH_CERTAIN);
    }
    return null;
  }

  private @Nullable End onVmmExited(int code) {
    vmmExit = OptionalInt.of(code);
    if (givingUp != null) {
      return new End(givingUp, 0);
    }
    if (lost != null) {
      return lost(lost);
    }
    // What the guest said last may still be on its way through the channel.
    alarm(DEATH_NOTICE, Alarm.DEATH_CERTAIN);
    return null;
  }

  private @Nullable End onEndRequested(EndReason reason) {
    return switch (reason) {
      case LEASE_VOID -> new End(null, 0);
      case CANCELLED -> giveUp(new Outcome.Cancelled(), "the job is being cancelled", CANCEL_GRACE);
      case WORKER_LEAVING ->
          giveUp(
              OutcomePolicy.fault(FaultCode.WORKER_LEAVING, "the worker was shut down"),
              "the worker is shutting down and ends the job",
              LEAVE_GRACE);
    };
  }

  private @Nullable End onPingEnded(boolean answered) {
    // While the log is full, the guest's answers wait behind its output.
    pingsLost = answered || output.isHoldingBack() ? 0 : pingsLost + 1;
    if (pingsLost >= PINGS_LOST_LIMIT) {
      return new End(
          givingUp != null
              ? givingUp
              : OutcomePolicy.fault(
                  FaultCode.GUEST_DIED,
                  "the guest did not answer "
                      + PINGS_LOST_LIMIT
                      + " times in a row for "
                      + OutcomePolicy.seconds(PING_LIMIT)),
          0);
    }
    alarm(PING_PERIOD, Alarm.PING_DUE);
    return null;
  }

  private @Nullable End onAlarm(Alarm alarm) {
    return switch (alarm) {
      case PREPARATION_OVERDUE ->
          started != null
              ? null
              : new End(
                  OutcomePolicy.fault(
                      FaultCode.BOOT_TIMEOUT,
                      "the microVM was not ready within "
                          + OutcomePolicy.seconds(FILES_LIMIT.plus(host.limits().total()))),
                  0);
      case TIME_UP -> {
        var detail =
            "the job ran longer than its limit of " + OutcomePolicy.seconds(spec.timeout());
        yield giveUp(OutcomePolicy.fault(FaultCode.JOB_TIMEOUT, detail), detail, TIMEOUT_GRACE);
      }
      case GRACE_OVER -> new End(givingUp, 0);
      case DEATH_CERTAIN ->
          lost(
              lost != null
                  ? lost
                  : new GuestException(GuestException.Kind.GONE, "the microVM ended"));
      case PING_DUE -> {
        if (started != null) {
          calls.ping(
              started.session(),
              PING_LIMIT,
              answered -> post(new AttemptMessage.PingEnded(answered)));
        }
        yield null;
      }
    };
  }

  /** The first reason counts; a later one can only shorten the grace. */
  private @Nullable End giveUp(Outcome outcome, String told, Duration grace) {
    if (started == null) {
      return new End(outcome, 0);
    }
    long graceOver = host.timers().nanoTime() + grace.toNanos();
    if (givingUp == null || graceOver - this.graceOver < 0) {
      this.graceOver = graceOver;
      alarm(grace, Alarm.GRACE_OVER);
    }
    if (givingUp == null) {
      givingUp = outcome;
      tell(told);
      calls.terminate(started.exec());
    }
    return null;
  }

  private End lost(GuestException failure) {
    microVm.advance(MicroVmEvent.FAILED);
    var diagnostics = started == null ? "" : started.vm().diagnostics();
    keepConsole(started == null ? "" : started.vm().console());
    return new End(OutcomePolicy.lost(failure, vmmExit, diagnostics), 0);
  }

  private void stop(Thread preparer) {
    preparer.interrupt();
    try {
      if (!preparer.join(PREPARATION_STOP)) {
        // What it still acquires is undone as it is pushed.
        log.atError().addKeyValue("attempt", spec.lease()).log("Preparation did not stop in time");
      }
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException("nobody interrupts an owner", interrupted);
    }
  }

  private void destroy() {
    microVm.advance(MicroVmEvent.STOPPED);
    for (int attempt = 1; attempt <= UNDO_TRIES; attempt++) {
      try {
        undo.close();
        microVm.advance(MicroVmEvent.REMOVED);
        return;
      } catch (UndoException failure) {
        if (attempt == UNDO_TRIES) {
          log.atError()
              .addKeyValue("attempt", spec.lease())
              .addKeyValue("vm", microVm.name())
              .setCause(failure)
              .log("MicroVM was not removed; the janitor will try again");
        }
      }
    }
  }

  private void report(AttemptEvent event) {
    reports.report(new AttemptReport(spec.lease(), ++reportNumber, phases.reached(), event));
  }

  private void tell(String line) {
    try {
      output.system("mayfly: " + line);
    } catch (IOException failure) {
      log.atWarn()
          .addKeyValue("attempt", spec.lease())
          .setCause(failure)
          .log("Line of our own was not spooled");
    }
  }

  private void keepConsole(String text) {
    try {
      output.console(text);
    } catch (IOException failure) {
      log.atWarn()
          .addKeyValue("attempt", spec.lease())
          .setCause(failure)
          .log("Console was not spooled");
    }
  }

  private Outcome bug(RuntimeException bug) {
    log.atError().addKeyValue("attempt", spec.lease()).setCause(bug).log("Attempt hit a bug");
    return OutcomePolicy.fault(FaultCode.INTERNAL, "the worker hit a bug of its own: " + bug);
  }

  private void alarm(Duration delay, Alarm alarm) {
    var timer = host.timers().after(delay, () -> post(new AttemptMessage.TimePassed(alarm)));
    var earlier = alarms.put(alarm, timer);
    if (earlier != null) {
      earlier.cancel();
    }
  }

  private void post(AttemptMessage message) {
    if (!mailbox.offer(message)) {
      throw new IllegalStateException("mailbox of " + microVm.name() + " is full");
    }
  }
}
