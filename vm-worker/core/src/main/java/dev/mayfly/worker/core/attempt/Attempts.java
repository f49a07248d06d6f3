package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Phase;
import dev.mayfly.worker.core.attempt.AttemptJournals.Found;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.log.LogSpool;
import dev.mayfly.worker.core.log.LogSpool.Leftover;
import dev.mayfly.worker.core.slot.SlotLedger;
import dev.mayfly.worker.core.time.Timers.Timer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The attempts of this worker: admits assignments, starts a runner for each, and ends those whose
 * lease is void. Thread-safe; every call returns promptly.
 */
public final class Attempts {
  private static final Logger log = LoggerFactory.getLogger(Attempts.class);

  /**
   * How many ended attempts are remembered, so that a late copy of an assignment is known, and an
   * old epoch is fenced.
   */
  private static final int RECENT = 1024;

  private final AttemptHost host;
  private final SlotLedger slots;
  private final LogSpool spool;
  private final Outbox outbox;
  private final Runnable nudge;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition emptied = lock.newCondition();
  private final Map<AttemptLease, Living> living = new LinkedHashMap<>();
  private final Set<AttemptLease> recent = new LinkedHashSet<>();
  private boolean leaving;

  private static final class Living {
    final AttemptRunner runner;
    long leaseUntil;
    Timer leaseTimer;

    Living(AttemptRunner runner, long leaseUntil, Timer leaseTimer) {
      this.runner = runner;
      this.leaseUntil = leaseUntil;
      this.leaseTimer = leaseTimer;
    }
  }

  /** What came of an assignment. */
  public sealed interface Admission {
    /** It has begun. */
    record Started() implements Admission {}

    /** We have it already; the message was sent again. */
    record Known() implements Admission {}

    /** A newer epoch of the same job is here: the message is old and fenced off. */
    record Fenced() implements Admission {}

    /** Its lease was over when it came: somebody else may have the job by now. It has not begun. */
    record Late() implements Admission {}

    /** It cannot be taken, and has never started. */
    record Refused(FaultCode code, String reason) implements Admission {}
  }

  /**
   * No attempts yet.
   *
   * @param nudge called when there may be something to send; must not block
   */
  public Attempts(
      AttemptHost host, SlotLedger slots, LogSpool spool, Outbox outbox, Runnable nudge) {
    this.host = host;
    this.slots = slots;
    this.spool = spool;
    this.outbox = outbox;
    this.nudge = nudge;
  }

  /**
   * Takes an assignment or says why not. Idempotent. One that an attempt taken up again waits for
   * is given to it, and changes nothing about its lease.
   *
   * @param leaseUntil when the lease ends unless renewed, by {@link
   *     dev.mayfly.worker.core.time.Timers#nanoTime}
   * @param leaseFor for how long a lease is given: so long has an attempt that is taken up again
   */
  public Admission assign(AttemptSpec spec, long leaseUntil, Duration leaseFor) {
    lock.lock();
    try {
      var lease = spec.lease();
      if (recent.contains(lease) || outbox.unreported().contains(lease)) {
        var known = living.get(lease);
        if (known != null) {
          known.runner.supply(spec);
        }
        return new Admission.Known();
      }
      if (recent.stream().anyMatch(lease::isOlderThan)) {
        return new Admission.Fenced();
      }
      living.forEach((other, attempt) -> {
        if (other.isOlderThan(lease)) {
          attempt.runner.end(EndReason.LEASE_VOID);
        }
      });
      if (leaseUntil - host.timers().nanoTime() <= 0) {
        return new Admission.Late();
      }
      return admit(spec, leaseUntil, leaseFor);
    } finally {
      lock.unlock();
    }
  }

  private Admission admit(AttemptSpec spec, long leaseUntil, Duration leaseFor) {
    if (leaving) {
      return new Admission.Refused(FaultCode.WORKER_LEAVING, "the worker is shutting down");
    }
    var lease = spec.lease();
    switch (slots.claim(lease.toString(), spec.shape())) {
      case SlotLedger.Claim.Full(var reason) -> {
        return new Admission.Refused(FaultCode.WORKER_FULL, reason);
      }
      case SlotLedger.Claim.Claimed() -> {}
    }
    var terms = AttemptTerms.of(spec, leaseFor);
    var journal = new AttemptJournal(host.journals(), JournalEntry.begin(terms, leaseUntil));
    AttemptLog output;
    try {
      output =
          new AttemptLog(
              spool.create(lease), host.timers(), spec.assignedAt(), spec.logLimitBytes(), nudge);
      output.learn(spec.secrets());
      journal.begin();
    } catch (IOException failure) {
      slots.release(lease.toString());
      log.atError()
          .addKeyValue("attempt", lease)
          .setCause(failure)
          .log("Attempt could not be put down");
      return new Admission.Refused(
          FaultCode.INTERNAL,
          "the worker could not make a log spool and a journal: " + failure.getMessage());
    }
    begin(AttemptRunner.fresh(parts(terms, output, journal), spec), lease, leaseUntil);
    return new Admission.Started();
  }

  /**
   * Takes up what an earlier process of this worker had: lets microVMs that live go on, and reports
   * the end of those that do not. Before the first assignment. A lease ends when it would have
   * ended without that, or somewhat earlier: nobody could renew it.
   *
   * @return what was taken up; of the rest nothing but logs is left
   */
  public Set<AttemptLease> takeUp(List<Found> journals, List<Leftover> spools) {
    lock.lock();
    try {
      var logs = new HashMap<AttemptLease, Leftover>();
      spools.forEach(left -> logs.put(left.lease(), left));
      var taken = new LinkedHashSet<AttemptLease>();
      for (var found : journals) {
        var lease = found.entry().terms().lease();
        var left = logs.get(lease);
        boolean outdated =
            journals.stream().anyMatch(other -> lease.isOlderThan(other.entry().terms().lease()));
        if (outdated || left == null) {
          // Not named to the orchestrator, which then knows that it is lost.
          log.atError()
              .addKeyValue("attempt", lease)
              .addKeyValue("outdated", outdated)
              .log("Attempt of an earlier run could not be taken up");
          new AttemptJournal(host.journals(), found.entry()).remove();
        } else {
          takeUp(found, left);
          taken.add(lease);
        }
      }
      return taken;
    } finally {
      lock.unlock();
    }
  }

  private void takeUp(Found found, Leftover left) {
    var entry = found.entry();
    var terms = entry.terms();
    var lease = terms.lease();
    var journal = new AttemptJournal(host.journals(), entry);
    switch (AdoptionPolicy.choose(found)) {
      case AdoptionPolicy.Choice.Deliver() -> {
        outbox.track(lease, AttemptLog.leftover(left, host.timers()), journal);
        remember(lease);
      }
      case AdoptionPolicy.Choice.Conclude(var outcome, var peakMemoryKib) -> {
        var parts = parts(terms, reopen(left, terms), journal);
        remember(lease);
        outbox.track(lease, parts.output(), journal);
        var totals = parts.output().end();
        parts.phases().reach(Phase.ENDED);
        parts.phases().reach(Phase.DESTROYED);
        parts
            .reporter()
            .report(
                new AttemptEvent.Finished(outcome, totals.chunks(), totals.bytes(), peakMemoryKib));
        log.atWarn()
            .addKeyValue("attempt", lease)
            .addKeyValue("outcome", outcome)
            .log("Attempt of an earlier run was concluded");
      }
      case AdoptionPolicy.Choice.Adopt() -> {
        slots.take(lease.toString(), terms.shape());
        var runner = AttemptRunner.adopted(parts(terms, reopen(left, terms), journal), entry);
        begin(runner, lease, entry.leaseUntil());
      }
    }
  }

  private AttemptLog reopen(Leftover left, AttemptTerms terms) {
    return AttemptLog.reopen(left, host.timers(), terms.assignedAt(), terms.logLimitBytes(), nudge);
  }

  private AttemptRunner.Parts parts(AttemptTerms terms, AttemptLog output, AttemptJournal journal) {
    var entry = journal.entry();
    var phases = new PhaseLog(host.timers(), terms.assignedAt(), entry.phases());
    return new AttemptRunner.Parts(
        terms,
        host,
        output,
        journal,
        new AttemptReporter(terms.lease(), phases, journal, outbox, entry.reportsMade()),
        phases,
        () -> slots.release(terms.lease().toString()),
        nudge);
  }

  private void begin(AttemptRunner runner, AttemptLease lease, long leaseUntil) {
    outbox.track(lease, runner.parts().output(), runner.parts().journal());
    remember(lease);
    living.put(lease, new Living(runner, leaseUntil, leaseTimer(runner, leaseUntil)));
    Thread.ofVirtual().name("attempt " + lease).start(() -> run(lease, runner));
  }

  private void remember(AttemptLease lease) {
    recent.add(lease);
    if (recent.size() > RECENT) {
      recent.stream()
          .filter(known -> !living.containsKey(known))
          .findFirst()
          .ifPresent(recent::remove);
    }
  }

  /** The top of an attempt's loop: whatever escapes the runner is logged once, here. */
  private void run(AttemptLease lease, AttemptRunner runner) {
    try {
      runner.run();
    } catch (RuntimeException bug) {
      log.atError()
          .addKeyValue("attempt", lease)
          .setCause(bug)
          .log("Attempt was not ended cleanly");
      outbox.drop(lease);
    } finally {
      slots.release(lease.toString());
      lock.lock();
      try {
        var gone = living.remove(lease);
        if (gone != null) {
          gone.leaseTimer.cancel();
        }
        if (living.isEmpty()) {
          emptied.signalAll();
        }
      } finally {
        lock.unlock();
      }
      nudge.run();
    }
  }

  /** Ends an attempt. What carries an older epoch than the one we have is ignored. Idempotent. */
  public void end(AttemptLease lease, EndReason reason) {
    lock.lock();
    try {
      living.forEach((ours, attempt) -> {
        if (ours.attempt().equals(lease.attempt()) && !lease.isOlderThan(ours)) {
          attempt.runner.end(reason);
        }
      });
    } finally {
      lock.unlock();
    }
    if (reason == EndReason.LEASE_VOID) {
      outbox.drop(lease);
    }
  }

  /**
   * Leases were renewed.
   *
   * @param since when the renewal was asked for, by {@link
   *     dev.mayfly.worker.core.time.Timers#nanoTime}: the orchestrator counts from later, so our
   *     deadline is never after its own
   */
  public void renew(Collection<AttemptLease> leases, long since, Duration leaseFor) {
    long until = since + leaseFor.toNanos();
    var renewed = new ArrayList<AttemptJournal>();
    lock.lock();
    try {
      for (var lease : leases) {
        var attempt = living.get(lease);
        if (attempt != null && until - attempt.leaseUntil > 0) {
          attempt.leaseTimer.cancel();
          attempt.leaseUntil = until;
          attempt.leaseTimer = leaseTimer(attempt.runner, until);
          renewed.add(attempt.runner.parts().journal());
        }
      }
    } finally {
      lock.unlock();
    }
    // Outside of the lock: it writes to disk.
    renewed.forEach(journal -> journal.leasedUntil(until));
  }

  /** What to name as running: what has a microVM, and what has an end that is not acknowledged. */
  public List<AttemptLease> held() {
    var held = new LinkedHashSet<AttemptLease>();
    lock.lock();
    try {
      held.addAll(living.keySet());
    } finally {
      lock.unlock();
    }
    held.addAll(outbox.unreported());
    return new ArrayList<>(held);
  }

  /** Of those held, which wait for their assignment to come again. */
  public List<AttemptLease> assignmentsWanted() {
    lock.lock();
    try {
      return living.entrySet().stream()
          .filter(attempt -> attempt.getValue().runner.assignmentWanted())
          .map(Map.Entry::getKey)
          .toList();
    } finally {
      lock.unlock();
    }
  }

  /** What is asked of the execs of a session that is here; a batch has none to be asked of. */
  Optional<ExecGate> execs(AttemptLease lease) {
    lock.lock();
    try {
      return Optional.ofNullable(living.get(lease))
          .map(attempt -> attempt.runner)
          .filter(AttemptRunner::isSession)
          .map(AttemptRunner::execs);
    } finally {
      lock.unlock();
    }
  }

  /** Attempts whose microVM may have something on this host, rightly. */
  public Set<AttemptLease> living() {
    lock.lock();
    try {
      return Set.copyOf(living.keySet());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Attempts that live though their lease ended at least so long ago: their timer was lost, or they
   * do not end.
   */
  public Set<AttemptLease> overdue(Duration by) {
    lock.lock();
    try {
      long limit = host.timers().nanoTime() - by.toNanos();
      return living.entrySet().stream()
          .filter(attempt -> attempt.getValue().leaseUntil - limit < 0)
          .map(Map.Entry::getKey)
          .collect(Collectors.toUnmodifiableSet());
    } finally {
      lock.unlock();
    }
  }

  /** Names of the microVMs that may have something on this host, rightly. */
  public Set<String> microVmNames() {
    lock.lock();
    try {
      var names = new LinkedHashSet<String>();
      living.values().forEach(attempt -> names.add(attempt.runner.microVm().name()));
      return names;
    } finally {
      lock.unlock();
    }
  }

  /** Takes nothing more and ends what runs. Idempotent. */
  public void leave() {
    lock.lock();
    try {
      leaving = true;
      living.values().forEach(attempt -> attempt.runner.end(EndReason.WORKER_LEAVING));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes nothing more and lets go of every microVM, so that the next process of this worker takes
   * it up; those that are not ready end. Idempotent.
   */
  public void detach() {
    lock.lock();
    try {
      leaving = true;
      living.values().forEach(attempt -> attempt.runner.detach());
    } finally {
      lock.unlock();
    }
  }

  /** Waits until this process is done with every microVM; false when the time is over before. */
  public boolean awaitNone(Duration timeout) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = timeout.toNanos();
      while (!living.isEmpty() && left > 0) {
        left = emptied.awaitNanos(left);
      }
      return living.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  private Timer leaseTimer(AttemptRunner runner, long until) {
    var left = Duration.ofNanos(Math.max(0, until - host.timers().nanoTime()));
    return host.timers().after(left, () -> runner.end(EndReason.LEASE_VOID));
  }
}
