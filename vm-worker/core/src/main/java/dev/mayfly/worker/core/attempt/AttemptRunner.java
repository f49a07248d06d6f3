package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.worker.core.attempt.AttemptMessage.Alarm;
import dev.mayfly.worker.core.attempt.JournalEntry.Decision;
import dev.mayfly.worker.core.attempt.JournalEntry.GivingUp;
import dev.mayfly.worker.core.exec.ExecResult;
import dev.mayfly.worker.core.exec.Execs;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.undo.Undo;
import dev.mayfly.worker.core.vm.MicroVm;
import dev.mayfly.worker.core.vm.MicroVmEvent;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns one attempt from its assignment, or from its journal, to its last report.
 *
 * <p>One virtual thread owns the attempt and reads its bounded mailbox; a second one does the
 * blocking steps of the {@link GuestSource}, so that an end asked for from outside takes effect at
 * once. Time comes as messages of {@link dev.mayfly.worker.core.time.Timers}.
 */
final class AttemptRunner {
  /** More than all senders together send: each message is sent at most once or waits for answer. */
  private static final int MAILBOX_CAPACITY = 64;

  private static final Logger log = LoggerFactory.getLogger(AttemptRunner.class);

  /** How it ended. */
  private sealed interface End {
    record Over(Outcome outcome, long peakMemoryKib) implements End {}

    /** Nothing is to be reported: the lease is void. */
    record Unreported() implements End {}

    /** The microVM goes on, for the next worker process. */
    record Detached() implements End {}
  }

  /**
   * What an attempt is made of.
   *
   * @param releaseSlot gives the attempt's slot back; called once the microVM is gone, before the
   *     end is reported, so that whoever reads the report finds the room
   * @param nudge called when there may be something to send; must not block
   */
  record Parts(
      AttemptTerms terms,
      AttemptHost host,
      AttemptLog output,
      AttemptJournal journal,
      AttemptReporter reporter,
      PhaseLog phases,
      Runnable releaseSlot,
      Runnable nudge) {}

  private final Parts parts;
  private final AttemptTerms terms;
  private final AttemptHost host;
  private final MicroVm microVm;
  private final GuestSource source;
  private final Acquirer acquirer;
  private final boolean adopted;
  private final ExecGate gate;
  private final ExecEvents events;
  private final Alarms alarms;
  private final Deadlines deadlines;
  private final Workload workload;
  private final GuestCalls calls;
  private final JobLines lines;
  private final Undo undo = new Undo();
  private final BlockingQueue<AttemptMessage> mailbox = new ArrayBlockingQueue<>(MAILBOX_CAPACITY);
  private final Set<Class<?>> requested = new HashSet<>();
  private final AtomicBoolean assignmentWanted;

  /** Written by the owner thread alone. */
  private volatile Optional<Outcome> givingUp;

  // Owned by the owner thread.
  private @Nullable AttemptSpec spec;
  private @Nullable LiveGuest guest;
  private @Nullable GuestWatch watch;

  private AttemptRunner(Parts parts, Optional<AttemptSpec> spec, Optional<JournalEntry> earlier) {
    this.parts = parts;
    this.terms = parts.terms();
    this.host = parts.host();
    this.spec = spec.orElse(null);
    this.adopted = earlier.isPresent();
    this.microVm = new MicroVm(terms.lease().microVmName());
    this.gate = new ExecGate(terms.lease());
    this.events =
        new ExecEvents(
            terms.session(), parts.reporter(), parts.journal(), () -> givingUp, this::post);
    this.alarms = new Alarms(host.timers(), this::post);
    this.workload = new Workload(parts, gate, events, alarms);
    this.calls = new GuestCalls(terms.lease());
    this.lines = new JobLines(terms.lease(), parts.output());
    var begun = earlier.flatMap(JournalEntry::givingUp);
    this.givingUp = begun.map(GivingUp::outcome);
    this.deadlines =
        new Deadlines(terms, host.timers(), alarms, begun.map(GivingUp::graceOver).orElse(0L));
    this.assignmentWanted = new AtomicBoolean(adopted && terms.assignmentNeeded());
    this.source =
        spec.<GuestSource>map(
                fresh -> new Preparation(fresh, host, microVm, parts.phases(), lines, undo))
            .orElseGet(() ->
                new Adoption(
                    terms.bundle(),
                    host,
                    microVm,
                    earlier.orElseThrow().vmm().orElseThrow(),
                    undo));
    this.acquirer = new Acquirer(microVm.name(), source, this::post);
  }

  /** A runner of a new attempt. */
  static AttemptRunner fresh(Parts parts, AttemptSpec spec) {
    return new AttemptRunner(parts, Optional.of(spec), Optional.empty());
  }

  /** A runner of an attempt that an earlier worker process had; its entry names a VMM. */
  static AttemptRunner adopted(Parts parts, JournalEntry entry) {
    return new AttemptRunner(parts, Optional.empty(), Optional.of(entry));
  }

  Parts parts() {
    return parts;
  }

  MicroVm microVm() {
    return microVm;
  }

  boolean isSession() {
    return terms.session();
  }

  /** What is asked of the execs of a session. */
  ExecGate execs() {
    return gate;
  }

  /** Whether the attempt cannot go on before its assignment has come again. */
  boolean assignmentWanted() {
    return assignmentWanted.get();
  }

  /** Gives the assignment once more. Idempotent; returns at once, from any thread. */
  void supply(AttemptSpec again) {
    if (assignmentWanted.compareAndSet(true, false)) {
      post(new AttemptMessage.Supplied(again));
    }
  }

  /** Asks for the end. Idempotent; returns at once, from any thread. */
  void end(EndReason reason) {
    synchronized (requested) {
      if (!requested.add(reason.getClass())) {
        return;
      }
    }
    post(new AttemptMessage.EndRequested(reason));
  }

  /**
   * Lets go of the microVM, so that another worker process can take it up; one that is not ready
   * yet ends as the worker leaves. Idempotent; returns at once, from any thread.
   */
  void detach() {
    synchronized (requested) {
      if (!requested.add(AttemptMessage.DetachRequested.class)) {
        return;
      }
    }
    post(new AttemptMessage.DetachRequested());
  }

  /** Runs the whole attempt on the calling thread; returns when this process is done with it. */
  void run() {
    if (!adopted) {
      parts.reporter().report(new AttemptEvent.Preparing());
    }
    alarms.set(Alarm.ACQUISITION_OVERDUE, source.limit());
    acquirer.start();
    End end;
    try {
      end = awaitEnd();
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException("nobody interrupts an owner", interrupted);
    } catch (RuntimeException bug) {
      end = new End.Over(bug(bug), 0);
    }
    parts.phases().reach(Phase.ENDED);
    alarms.cancelAll();
    gate.close();
    switch (end) {
      case End.Detached() -> letGo();
      case End.Unreported() -> {
        remove();
        parts.reporter().drop();
      }
      case End.Over(var outcome, var peakMemoryKib) -> {
        parts.journal().decided(new Decision(outcome, peakMemoryKib));
        var totals = remove();
        log.atInfo()
            .addKeyValue("attempt", terms.lease())
            .addKeyValue("outcome", outcome)
            .log("Attempt ended");
        parts
            .reporter()
            .report(
                new AttemptEvent.Finished(outcome, totals.chunks(), totals.bytes(), peakMemoryKib));
      }
    }
  }

  private AttemptLog.Totals remove() {
    acquirer.stop();
    var totals = parts.output().end();
    MicroVmRemoval.remove(terms.lease(), microVm, undo);
    parts.phases().reach(Phase.DESTROYED);
    parts.releaseSlot().run();
    return totals;
  }

  private void letGo() {
    acquirer.stop();
    undo.disarm();
    mailbox.forEach(message -> {
      if (message instanceof AttemptMessage.Acquired(var late)) {
        late.session().close();
      }
    });
    if (guest != null) {
      guest.session().close();
    }
    parts.releaseSlot().run();
    log.atInfo().addKeyValue("attempt", terms.lease()).log("MicroVM was left running");
  }

  private End awaitEnd() throws InterruptedException {
    while (true) {
      // Every state has an alarm, so this wakes; the bound only guards against a bug in that.
      var message = mailbox.poll(AttemptSpec.MAX_TIMEOUT.toHours(), TimeUnit.HOURS);
      if (message == null) {
        throw new IllegalStateException("no message for " + AttemptSpec.MAX_TIMEOUT);
      }
      var end = on(message);
      if (end.isPresent()) {
        return end.get();
      }
    }
  }

  private Optional<End> on(AttemptMessage message) {
    return switch (message) {
      case AttemptMessage.Acquired(var acquired) -> onAcquired(acquired);
      case AttemptMessage.NotAcquired(var fault) -> {
        microVm.advance(MicroVmEvent.FAILED);
        lines.console(fault.console());
        yield over(fault.outcome());
      }
      case AttemptMessage.AcquisitionBroke(var failure) -> over(bug(failure));
      case AttemptMessage.Supplied(var again) -> onSupplied(again);
      case AttemptMessage.BatchStarted() -> onBatchStarted();
      case AttemptMessage.BatchEnded(var result) -> onBatchEnded(result);
      case AttemptMessage.ExecsChanged() -> onExecsChanged();
      case AttemptMessage.GuestLost(var failure) -> onGuestLost(failure);
      case AttemptMessage.VmmExited(var code) -> onFault(guestWatch().onVmmExited(code));
      case AttemptMessage.EndRequested(var reason) -> onEndRequested(reason);
      case AttemptMessage.DetachRequested() ->
          guest == null && !adopted
              ? onEndRequested(EndReason.WORKER_LEAVING)
              : Optional.of(new End.Detached());
      case AttemptMessage.LogBroke(var failure) ->
          over(
              OutcomePolicy.fault(
                  FaultCode.INTERNAL,
                  "the worker could not write the log spool: " + failure.getMessage()));
      case AttemptMessage.ReportsPiledUp(var count) ->
          over(
              OutcomePolicy.fault(
                  FaultCode.INTERNAL,
                  "the orchestrator has not acknowledged " + count + " reports of the session"));
      case AttemptMessage.PingEnded(var answered) -> {
        var fault = guestWatch().onPingEnded(answered);
        yield fault.flatMap(this::over);
      }
      case AttemptMessage.TimePassed(var passed) -> onAlarm(passed);
    };
  }

  private Optional<End> onAcquired(LiveGuest acquired) {
    guest = acquired;
    deadlines.greeted(acquired);
    alarms.cancel(Alarm.ACQUISITION_OVERDUE);
    watch = new GuestWatch(acquired, calls, alarms, parts.output()::isHoldingBack, this::post);
    watch.begin();
    if (!adopted) {
      parts.journal().ready(acquired.vm().identity(), parts.phases().reached());
    } else if (!terms.session() && !acquired.knows(0)) {
      return over(
          OutcomePolicy.fault(
              FaultCode.WORKER_LOST, "the worker was restarted before the command ran"));
    } else {
      log.atInfo()
          .addKeyValue("attempt", terms.lease())
          .addKeyValue("vm", microVm.name())
          .addKeyValue("assignmentWanted", assignmentWanted.get())
          .log("MicroVM of an earlier worker process was taken up again");
      if (acquired.console()) {
        lines.tell("the worker was restarted; what the guest said meanwhile is lost");
      }
    }
    if (terms.session()) {
      begin();
    } else {
      parts.journal().entry().startedAt().ifPresent(deadlines::started);
    }
    if (givingUp.isPresent()) {
      deadlines.resumeGrace();
    }
    boolean waits = adopted && terms.assignmentNeeded() && spec == null;
    return waits ? Optional.empty() : openExecs();
  }

  private Optional<End> onSupplied(AttemptSpec again) {
    spec = again;
    return guest == null ? Optional.empty() : openExecs();
  }

  /** The job's limit counts, and the orchestrator hears that it runs; once per attempt. */
  private void begin() {
    var startedAt = parts.journal().entry().startedAt();
    deadlines.started(startedAt.orElse(host.timers().nanoTime()));
    if (startedAt.isEmpty()) {
      parts.journal().started(host.timers().nanoTime());
      parts
          .reporter()
          .report(
              new AttemptEvent.Running(
                  liveGuest().session().hello().kernelRelease(),
                  host.hypervisor().identity().toString()));
    }
  }

  private Optional<End> openExecs() {
    var fault = workload.open(liveGuest(), Optional.ofNullable(spec));
    if (givingUp.isPresent() && !liveGuest().hadEnded(0)) {
      // Whether the earlier worker process came to that is not known.
      gate.execs().ifPresent(Execs::terminateAll);
    }
    return fault.flatMap(this::over);
  }

  private Optional<End> onBatchStarted() {
    microVm.advance(MicroVmEvent.EXECUTED);
    parts.phases().reach(Phase.EXECUTING);
    begin();
    return Optional.empty();
  }

  private Optional<End> onBatchEnded(ExecResult result) {
    if (result.leftProcesses()) {
      lines.tell("processes that the job left behind still held its output open; they were killed");
    }
    return Optional.of(new End.Over(givingUp.orElse(result.outcome()), result.peakMemoryKib()));
  }

  private Optional<End> onExecsChanged() {
    parts.phases().reach(Phase.EXECUTING);
    workload.onChanged();
    return workload.isIdle() ? givingUp.flatMap(this::over) : Optional.empty();
  }

  private Optional<End> onGuestLost(GuestException failure) {
    if (terms.session() || parts.phases().has(Phase.EXECUTING)) {
      return onFault(guestWatch().onLost(failure));
    }
    var vm = liveGuest().vm();
    return on(
        new AttemptMessage.NotAcquired(
            OutcomePolicy.notStarted(
                OutcomePolicy.Stage.START,
                failure,
                host.limits().start(),
                vm.diagnostics(),
                vm.console())));
  }

  private Optional<End> onFault(Optional<Outcome.Faulted> fault) {
    if (givingUp.isPresent()) {
      return over(givingUp.get());
    }
    fault.ifPresent(unused -> {
      microVm.advance(MicroVmEvent.FAILED);
      lines.console(liveGuest().vm().console());
    });
    return fault.flatMap(this::over);
  }

  private Optional<End> onEndRequested(EndReason reason) {
    return switch (EndPolicy.of(reason)) {
      case EndPolicy.Way.Unreported() -> Optional.of(new End.Unreported());
      case EndPolicy.Way.AtOnce(var outcome) -> over(outcome);
      case EndPolicy.Way.Gently gently -> giveUp(gently);
    };
  }

  private Optional<End> onAlarm(Alarm alarm) {
    return switch (alarm) {
      case ACQUISITION_OVERDUE ->
          over(
              OutcomePolicy.fault(
                  adopted ? FaultCode.GUEST_DIED : FaultCode.BOOT_TIMEOUT,
                  "the microVM was not ready within " + OutcomePolicy.seconds(source.limit())));
      case TIME_UP -> giveUp(EndPolicy.timeUp(terms.timeout()));
      case GRACE_OVER -> over(givingUp.orElseThrow());
      case DEATH_CERTAIN -> onFault(Optional.of(guestWatch().onDeathCertain()));
      case PING_DUE -> {
        guestWatch().ping();
        yield Optional.empty();
      }
      case IDLE_DUE -> {
        var idle = workload.onIdleDue();
        idle.ifPresent(fault -> lines.tell(fault.detail()));
        yield idle.flatMap(this::over);
      }
      case UNCLAIMED_DUE -> {
        workload.onUnclaimedDue();
        yield Optional.empty();
      }
    };
  }

  /** The first reason counts; a later one can only shorten the grace. */
  private Optional<End> giveUp(EndPolicy.Way.Gently way) {
    var execs = gate.execs();
    boolean runs = terms.session() || parts.phases().has(Phase.EXECUTING);
    if (!runs || execs.isEmpty() || execs.get().open().isEmpty()) {
      return over(way.outcome());
    }
    if (givingUp.isPresent()) {
      deadlines.shortenGrace(way.grace());
      return Optional.empty();
    }
    long graceOver = deadlines.giveGrace(way.grace());
    if (!parts.journal().givesUp(new GivingUp(way.outcome(), graceOver))) {
      // After a restart the end would be taken for the command's own.
      return over(way.outcome());
    }
    givingUp = Optional.of(way.outcome());
    lines.tell(way.told());
    execs.get().terminateAll();
    return Optional.empty();
  }

  private LiveGuest liveGuest() {
    if (guest == null) {
      throw new IllegalStateException(microVm.name() + " has no guest yet");
    }
    return guest;
  }

  private GuestWatch guestWatch() {
    if (watch == null) {
      throw new IllegalStateException(microVm.name() + " has no guest yet");
    }
    return watch;
  }

  /** It is over now; the first reason counts. */
  private Optional<End> over(Outcome outcome) {
    return Optional.of(new End.Over(givingUp.orElse(outcome), 0));
  }

  private Outcome bug(RuntimeException bug) {
    log.atError().addKeyValue("attempt", terms.lease()).setCause(bug).log("Attempt hit a bug");
    return OutcomePolicy.fault(FaultCode.INTERNAL, "the worker hit a bug of its own: " + bug);
  }

  private void post(AttemptMessage message) {
    if (!mailbox.offer(message)) {
      throw new IllegalStateException("mailbox of " + microVm.name() + " is full");
    }
  }
}
