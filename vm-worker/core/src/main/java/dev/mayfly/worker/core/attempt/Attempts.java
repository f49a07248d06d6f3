package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.log.LogSpool;
import dev.mayfly.worker.core.slot.SlotLedger;
import dev.mayfly.worker.core.time.Timers.Timer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
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
   * Takes an assignment or says why not. Idempotent.
   *
   * @param leaseFor how long the lease is ours unless renewed
   */
  public Admission assign(AttemptSpec spec, Duration leaseFor) {
    lock.lock();
    try {
      var lease = spec.lease();
      if (recent.contains(lease) || outbox.unreported().contains(lease)) {
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
      return admit(spec, leaseFor);
    } finally {
      lock.unlock();
    }
  }

  private Admission admit(AttemptSpec spec, Duration leaseFor) {
    if (leaving) {
      return new Admission.Refused(FaultCode.WORKER_LEAVING, "the worker is shutting down");
    }
    if (host.bundles().find(spec.bundle()).isEmpty()) {
      return new Admission.Refused(
          FaultCode.BUNDLE_ABSENT, "this worker has no bundle " + spec.bundle());
    }
    var slot = spec.lease().toString();
    switch (slots.claim(slot, spec.shape())) {
      case SlotLedger.Claim.Full(var reason) -> {
        return new Admission.Refused(FaultCode.WORKER_FULL, reason);
      }
      case SlotLedger.Claim.Claimed() -> {}
    }
    AttemptLog output;
    try {
      output = new AttemptLog(spool.create(spec.lease()), host.timers(), spec.assignedAt(), nudge);
    } catch (IOException failure) {
      slots.release(slot);
      log.atError()
          .addKeyValue("attempt", spec.lease())
          .setCause(failure)
          .log("Log spool was not made");
      return new Admission.Refused(
          FaultCode.INTERNAL, "the worker could not make a log spool: " + failure.getMessage());
    }
    outbox.track(spec.lease(), output);
    var runner = new AttemptRunner(spec, host, output, outbox, () -> slots.release(slot));
    long until = host.timers().nanoTime() + leaseFor.toNanos();
    remember(spec.lease());
    living.put(spec.lease(), new Living(runner, until, leaseTimer(runner, leaseFor)));
    Thread.ofVirtual().name("attempt " + spec.lease()).start(() -> run(spec.lease(), runner));
    return new Admission.Started();
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
    lock.lock();
    try {
      long until = since + leaseFor.toNanos();
      for (var lease : leases) {
        var attempt = living.get(lease);
        if (attempt != null && until - attempt.leaseUntil > 0) {
          attempt.leaseTimer.cancel();
          attempt.leaseUntil = until;
          attempt.leaseTimer =
              leaseTimer(attempt.runner, Duration.ofNanos(until - host.timers().nanoTime()));
        }
      }
    } finally {
      lock.unlock();
    }
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

  /** Waits until every microVM is destroyed; false when the time is over before. */
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

  private Timer leaseTimer(AttemptRunner runner, Duration left) {
    return host.timers().after(left, () -> runner.end(EndReason.LEASE_VOID));
  }
}
