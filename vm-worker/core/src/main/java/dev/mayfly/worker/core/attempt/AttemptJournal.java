package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.Phase;
import dev.mayfly.worker.core.attempt.JournalEntry.Decision;
import dev.mayfly.worker.core.attempt.JournalEntry.GivingUp;
import dev.mayfly.worker.core.attempt.JournalEntry.Stage;
import dev.mayfly.worker.core.exec.ExecMark;
import dev.mayfly.worker.core.vm.VmmIdentity;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The journal of one attempt, as it goes on. Thread-safe.
 *
 * <p>The first write must succeed, or the attempt does not begin. One that fails later is logged: a
 * worker process that ends then takes up less of the attempt, or nothing, and says so.
 */
final class AttemptJournal {
  /** Of a lease of a minute, what a restarted worker may take off; a heartbeat comes every 5 s. */
  private static final Duration LEASE_STEP = Duration.ofSeconds(5);

  private static final Logger log = LoggerFactory.getLogger(AttemptJournal.class);

  private final AttemptJournals store;
  private final AttemptTerms terms;
  private final List<AttemptReport> reports;
  private final Set<Integer> endedExecs;
  private final Map<Integer, ExecMark> execs;
  private Stage stage;
  private OptionalLong startedAt;
  private Optional<VmmIdentity> vmm;
  private Map<Phase, Duration> phases;
  private long reportsMade;
  private long leaseUntil;
  private long leaseWritten;
  private Optional<GivingUp> givingUp;
  private Optional<Decision> decision;
  private boolean removed;

  AttemptJournal(AttemptJournals store, JournalEntry entry) {
    this.store = store;
    this.terms = entry.terms();
    this.reports = new ArrayList<>(entry.reports());
    this.endedExecs = new HashSet<>(entry.endedExecs());
    this.execs = new HashMap<>(entry.execs());
    this.stage = entry.stage();
    this.startedAt = entry.startedAt();
    this.vmm = entry.vmm();
    this.phases = entry.phases();
    this.reportsMade = entry.reportsMade();
    this.leaseUntil = entry.leaseUntil();
    this.leaseWritten = leaseUntil;
    this.givingUp = entry.givingUp();
    this.decision = entry.decision();
  }

  /** To be called before anything of the attempt is made on this host. */
  synchronized void begin() throws IOException {
    store.write(entry());
  }

  synchronized JournalEntry entry() {
    return new JournalEntry(
        terms,
        stage,
        startedAt,
        vmm,
        phases,
        reportsMade,
        reports,
        leaseUntil,
        givingUp,
        decision,
        endedExecs,
        execs);
  }

  /** The guest is set up. */
  synchronized void ready(VmmIdentity identity, Map<Phase, Duration> reached) {
    stage = Stage.RUNNING;
    vmm = Optional.of(identity);
    phases = Map.copyOf(reached);
    var unused = write();
  }

  /** The job's limit began to count. Written with the report that follows. */
  synchronized void started(long nanoTime) {
    startedAt = OptionalLong.of(nanoTime);
  }

  /** The lease was renewed: written now and then, so a restarted worker may hold it for shorter. */
  synchronized void leasedUntil(long nanoTime) {
    leaseUntil = nanoTime;
    if (nanoTime - leaseWritten >= LEASE_STEP.toNanos()) {
      var unused = write();
    }
  }

  /**
   * What runs is about to be asked to end.
   *
   * @return false when that is not written, so that nobody would know why it ended
   */
  synchronized boolean givesUp(GivingUp why) {
    givingUp = Optional.of(why);
    return write();
  }

  /** How it ends, whatever becomes of its microVM from now on. */
  synchronized void decided(Decision made) {
    if (!decision.equals(Optional.of(made))) {
      decision = Optional.of(made);
      var unused = write();
    }
  }

  /** An exec of the session runs. Written with the report that follows. */
  synchronized void execGoesOn(int number, ExecMark mark) {
    execs.put(number, mark);
  }

  /** An exec of the session has got a signal; nothing when it is over. */
  synchronized void execSignalled(int number, ExecMark mark) {
    if (execs.replace(number, mark) != null) {
      var unused = write();
    }
  }

  /** Takes a report before it is sent. */
  synchronized void add(AttemptReport report) {
    reports.add(report);
    reportsMade = report.number();
    phases = report.phases();
    if (report.event() instanceof AttemptEvent.ExecEnded ended) {
      endedExecs.add(ended.number());
      execs.remove(ended.number());
    }
    var unused = write();
  }

  /** Told again after a restart, which is harmless; so this is not written by itself. */
  synchronized void acknowledged(long number) {
    reports.removeIf(report -> report.number() <= number);
  }

  /** How many reports wait for their acknowledgement. */
  synchronized int unacknowledged() {
    return reports.size();
  }

  /** Nothing of the attempt is to be known any more. Idempotent. */
  synchronized void remove() {
    removed = true;
    try {
      store.remove(terms.lease());
    } catch (IOException failure) {
      // The janitor tries again.
      log.atWarn()
          .addKeyValue("attempt", terms.lease())
          .setCause(failure)
          .log("Journal was not removed");
    }
  }

  private boolean write() {
    if (removed) {
      return false;
    }
    try {
      store.write(entry());
      leaseWritten = leaseUntil;
      return true;
    } catch (IOException failure) {
      log.atError()
          .addKeyValue("attempt", terms.lease())
          .setCause(failure)
          .log("Journal was not written; a restart would lose this attempt");
      return false;
    }
  }
}
