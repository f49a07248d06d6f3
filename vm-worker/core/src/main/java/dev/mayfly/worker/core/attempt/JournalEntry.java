package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.worker.core.exec.ExecMark;
import dev.mayfly.worker.core.vm.VmmIdentity;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What a new worker process needs to take an attempt up again. Times are on the monotonic clock,
 * which goes on while the host does not boot.
 *
 * @param startedAt when the job's limit began to count; empty: not yet
 * @param vmm the process of the microVM; empty until it runs
 * @param reportsMade the number of the last report
 * @param reports those that are not known to be acknowledged, in order
 * @param leaseUntil when the lease ends, or somewhat earlier
 * @param givingUp empty: nobody has asked what runs to end
 * @param decision empty: it goes on
 * @param endedExecs numbers of the session's execs whose end is reported
 * @param execs of the session that go on
 */
public record JournalEntry(
    AttemptTerms terms,
    Stage stage,
    OptionalLong startedAt,
    Optional<VmmIdentity> vmm,
    Map<Phase, Duration> phases,
    long reportsMade,
    List<AttemptReport> reports,
    long leaseUntil,
    Optional<GivingUp> givingUp,
    Optional<Decision> decision,
    Set<Integer> endedExecs,
    Map<Integer, ExecMark> execs) {

  public JournalEntry {
    phases = Map.copyOf(phases);
    reports = List.copyOf(reports);
    endedExecs = Set.copyOf(endedExecs);
    execs = Map.copyOf(execs);
  }

  /** How far it has come. */
  public enum Stage {
    /** There may be a directory, a disk and a VMM; the guest is not set up. */
    PREPARING,
    /** The guest is set up, and what runs in it can be taken up again. */
    RUNNING
  }

  /**
   * What runs is being asked to end. Written before it is, so that its end is not taken for its
   * own.
   *
   * @param graceOver when the microVM is destroyed whatever runs
   */
  public record GivingUp(Outcome outcome, long graceOver) {}

  /**
   * How it ended, known before the microVM is destroyed.
   *
   * @param peakMemoryKib 0 when unknown
   */
  public record Decision(Outcome outcome, long peakMemoryKib) {}

  /** Of an attempt that is about to begin. */
  static JournalEntry begin(AttemptTerms terms, long leaseUntil) {
    return new JournalEntry(
        terms,
        Stage.PREPARING,
        OptionalLong.empty(),
        Optional.empty(),
        Map.of(),
        0,
        List.of(),
        leaseUntil,
        Optional.empty(),
        Optional.empty(),
        Set.of(),
        Map.of());
  }

  /** Whether nothing but the delivery of its reports is left of it. */
  boolean isFinished() {
    return reports.stream().anyMatch(report -> report.event() instanceof AttemptEvent.Finished);
  }
}
